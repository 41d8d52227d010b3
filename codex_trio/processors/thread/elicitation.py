"""Questions that a client puts to its user by itself: what a turn waits for takes no time meanwhile.

Protocol source: `thread/increment_elicitation|decrement_elicitation`, release 0.171.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadElicitationProcessor(services)
    return {
        "thread/increment_elicitation": processor.increment,
        "thread/decrement_elicitation": processor.decrement,
    }


class ThreadElicitationProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads

    def increment(
        self, params: wire.ThreadIncrementElicitationParams, _context: RequestContext
    ) -> wire.ThreadIncrementElicitationResponse:
        """Note that a question was put to the user."""
        count = self._threads.elicitations.begin(parse_thread_id(params.thread_id))
        return wire.ThreadIncrementElicitationResponse(count=count, paused=count > 0)

    def decrement(
        self, params: wire.ThreadDecrementElicitationParams, _context: RequestContext
    ) -> wire.ThreadDecrementElicitationResponse:
        """Note that a question was answered."""
        count = self._threads.elicitations.end(parse_thread_id(params.thread_id))
        return wire.ThreadDecrementElicitationResponse(count=count, paused=count > 0)
