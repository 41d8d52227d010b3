"""Removing threads for good.

Protocol source: `thread/delete`, release 0.169.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/delete": ThreadDeleteProcessor(services).delete}


class ThreadDeleteProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing

    async def delete(self, params: wire.ThreadDeleteParams, context: RequestContext) -> wire.ThreadDeleteResponse:
        """Remove a thread, its agents' threads and all that is kept of them; a running turn is interrupted first."""
        for member in await self._threads.upkeep.delete(parse_thread_id(params.thread_id)):
            context.after_response(
                partial(self._outgoing.notify, "thread/deleted", wire.ThreadDeletedNotification(thread_id=member))
            )
        return wire.ThreadDeleteResponse()
