"""Removing threads for good.

Protocol source: `thread/delete`, release 0.169.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request


def handlers(services: Services) -> dict[str, Handler]:
    """The handlers of this module."""
    return {"thread/delete": ThreadDeleteProcessor(services).delete}


class ThreadDeleteProcessor:
    """See the module."""

    def __init__(self, services: Services) -> None:
        self._runtime = services.threads
        self._outgoing = services.outgoing

    async def delete(self, params: wire.ThreadDeleteParams, context: RequestContext) -> wire.ThreadDeleteResponse:
        """Removes a thread, its agents' threads and all that is kept of them; a running turn is interrupted first."""
        runtime = self._runtime
        thread_id = parse_thread_id(params.thread_id)
        live = runtime.manager.find(thread_id)
        is_stored = live is None or live.recorder.is_materialized
        if live is not None and live.recorder.is_ephemeral:
            raise invalid_request(f"thread is not persisted and cannot be deleted: {thread_id}")
        if is_stored:
            await runtime.store.check_deletable(thread_id)
        for member in (thread_id, *await runtime.graph.descendants(thread_id)):
            loaded = runtime.manager.find(member)
            if loaded is not None:
                await runtime.manager.interrupt(loaded)
                await runtime.manager.unload(loaded)
        removed = await runtime.store.delete(thread_id) if is_stored else [thread_id]
        for member in removed:
            context.after_response(
                partial(self._outgoing.notify, "thread/deleted", wire.ThreadDeletedNotification(thread_id=member))
            )
        return wire.ThreadDeleteResponse()
