"""Rollout files as such: keeping those compressed that nobody wrote to for long.

Protocol source: `rollout/compress`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"rollout/compress": RolloutProcessor(services).compress}


class RolloutProcessor:
    """Answers what is about rollout files."""

    def __init__(self, services: Services) -> None:
        self._threads = services.threads

    def compress(self, _params: None, _context: RequestContext) -> wire.RolloutCompressResponse:
        """Have it begun; it is answered at once."""
        self._threads.compress()
        return wire.RolloutCompressResponse()
