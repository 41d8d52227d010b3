"""`mock/experimentalMethod`: lets a client find out whether the experimental API is open to it."""

from __future__ import annotations

from codex_trio_protocol.v2.notice import MockExperimentalMethodParams, MockExperimentalMethodResponse

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext


def handlers(_services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"mock/experimentalMethod": echo}


def echo(params: MockExperimentalMethodParams, _context: RequestContext) -> MockExperimentalMethodResponse:
    """Answer with what it was given."""
    return MockExperimentalMethodResponse(echoed=params.value)
