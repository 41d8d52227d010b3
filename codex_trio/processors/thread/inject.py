"""Adding to what the model of a thread remembers, without a turn.

Protocol source: `thread/inject_items`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.client_items import checked
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    return {"thread/inject_items": ThreadWorkProcessor(services).inject}


class ThreadWorkProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._runtime = services.threads

    async def inject(
        self, params: wire.ThreadInjectItemsParams, _context: RequestContext
    ) -> wire.ThreadInjectItemsResponse:
        """Append response items to the model's history, after the thread's own context. Clients see no item.

        Items of kinds that no provider knows are dropped.
        """
        runtime = self._runtime
        live = runtime.loaded.get(parse_thread_id(params.thread_id))
        if not params.items:
            raise invalid_request("items must not be empty")
        await live.inject(checked(params.items, "items"))
        return wire.ThreadInjectItemsResponse()
