"""Cutting a thread's history back.

Protocol source: `thread/revert`, release 0.169.0; `thread/rollback`, release 0.131.0, which names how many turns
instead of which, and does not stop a turn that runs.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread_work as wire

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.history_pages import latest_item_cursor, latest_turn_cursor
from codex_trio.wire.threads import all_turns, project_thread, put_turns


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadRevertProcessor(services)
    return {"thread/revert": processor.revert, "thread/rollback": processor.roll_back}


class ThreadRevertProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing

    async def revert(self, params: wire.ThreadRevertParams, context: RequestContext) -> wire.ThreadRevertResponse:
        """Drop a turn and all later ones; a running turn is interrupted first."""
        thread_id = parse_thread_id(params.thread_id)
        live = await self._threads.upkeep.revert(thread_id, before_turn_id=params.before_turn_id)
        context.after_response(
            partial(self._outgoing.notify, "thread/reverted", wire.ThreadRevertedNotification(thread_id=live.id))
        )
        history = live.stored_history()
        return wire.ThreadRevertResponse(
            thread=project_thread(await self._threads.organisation.placed(live.facts)),
            turns_backwards_cursor=latest_turn_cursor(history, live.id),
            items_backwards_cursor=latest_item_cursor(history, live.id),
        )

    async def roll_back(
        self, params: wire.ThreadRollbackParams, _context: RequestContext
    ) -> wire.ThreadRollbackResponse:
        """Drop so many turns from the end, or all when there are fewer. Refused while a turn runs."""
        if params.num_turns < 1:
            raise invalid_request("numTurns must be >= 1")
        live = await self._threads.upkeep.roll_back(parse_thread_id(params.thread_id), turns=params.num_turns)
        thread = project_thread(await self._threads.organisation.placed(live.facts))
        put_turns(thread, await all_turns(live.stored_history()).read())
        return wire.ThreadRollbackResponse(thread=thread)
