"""Adding to what the model of a thread remembers, without a turn.

Protocol source: `thread/inject_items`, release 0.169.0.
"""

from __future__ import annotations

from typing import Any

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.engine.history import is_known
from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request


def handlers(services: Services) -> dict[str, Handler]:
    """The handlers of this module."""
    return {"thread/inject_items": ThreadWorkProcessor(services).inject}


class ThreadWorkProcessor:
    """See the module."""

    def __init__(self, services: Services) -> None:
        self._threads = services.threads

    async def inject(
        self, params: wire.ThreadInjectItemsParams, _context: RequestContext
    ) -> wire.ThreadInjectItemsResponse:
        """Appends response items to the model's history, after the thread's own context. Clients see no item.

        Items of kinds that no provider knows are dropped.
        """
        runtime = await self._threads()
        live = runtime.manager.get(parse_thread_id(params.thread_id))
        if not params.items:
            raise invalid_request("items must not be empty")
        items = [_checked(number, item) for number, item in enumerate(params.items)]
        await live.session.inject([item for item in items if is_known(item)])
        return wire.ThreadInjectItemsResponse()


def _checked(number: int, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise invalid_request(f"items[{number}] is not a valid response item: expected an object")
    return item  # pyright: ignore[reportUnknownVariableType]  # JSON objects have string keys
