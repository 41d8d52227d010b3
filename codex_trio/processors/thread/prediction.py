"""Predicting what the user says next: no server does that on request, and this one says so in the known words.

Protocol source: `thread/prediction/request`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2.thread_work import ThreadPredictionRequestParams, ThreadPredictionRequestResponse

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import not_supported


def handlers(_services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/prediction/request": refuse}


def refuse(_params: ThreadPredictionRequestParams, _context: RequestContext) -> ThreadPredictionRequestResponse:
    """Refuse it, whatever was asked."""
    raise not_supported("thread/prediction/request is not implemented yet")
