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
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.threads import errors
from codex_trio.threads.history import latest_item_cursor, latest_turn_cursor
from codex_trio.threads.live import LiveThread
from codex_trio.threads.runtime import ThreadRuntime
from codex_trio.wire.threads import all_turns, put_turns


def handlers(services: WorkServices) -> dict[str, Handler]:
    """The handlers of this module."""
    processor = ThreadRevertProcessor(services)
    return {"thread/revert": processor.revert, "thread/rollback": processor.roll_back}


class ThreadRevertProcessor:
    """See the module."""

    def __init__(self, services: WorkServices) -> None:
        self._runtime = services.threads
        self._outgoing = services.outgoing

    async def revert(self, params: wire.ThreadRevertParams, context: RequestContext) -> wire.ThreadRevertResponse:
        """Drops a turn and all later ones; a running turn is interrupted first."""
        runtime, live = await self._live(params.thread_id)
        history = _stored_history(live, ephemeral="ephemeral threads do not support thread/revert")
        if history.index.turn(params.before_turn_id) is None:
            raise invalid_request(f"turn not found: {params.before_turn_id}")
        await live.end_turn()
        live = await runtime.manager.cut(live, before_turn_id=params.before_turn_id)
        context.after_response(
            partial(self._outgoing.notify, "thread/reverted", wire.ThreadRevertedNotification(thread_id=live.id))
        )
        history = live.recorder.history
        assert history is not None
        return wire.ThreadRevertResponse(
            thread=live.to_wire(),
            turns_backwards_cursor=latest_turn_cursor(history, live.id),
            items_backwards_cursor=latest_item_cursor(history, live.id),
        )

    async def roll_back(
        self, params: wire.ThreadRollbackParams, _context: RequestContext
    ) -> wire.ThreadRollbackResponse:
        """Drops so many turns from the end, or all when there are fewer. Refused while a turn runs."""
        if params.num_turns < 1:
            raise invalid_request("numTurns must be >= 1")
        runtime, live = await self._live(params.thread_id)
        history = _stored_history(live, ephemeral="thread rollback requires persisted thread history")
        if live.session.active is not None:
            raise invalid_request("Cannot rollback while a turn is in progress.")
        turns = history.index.turns
        if turns:
            first_dropped = turns[max(len(turns) - params.num_turns, 0)].id
            live = await runtime.manager.cut(live, before_turn_id=first_dropped)
        thread = live.to_wire()
        history = live.recorder.history
        assert history is not None
        put_turns(thread, await all_turns(history).read())
        return wire.ThreadRollbackResponse(thread=thread)

    async def _live(self, thread_id: str) -> tuple[ThreadRuntime, LiveThread]:
        runtime = self._runtime
        return runtime, runtime.loaded.get(parse_thread_id(thread_id))


def _stored_history(live: LiveThread, *, ephemeral: str) -> RolloutHistory:
    if live.recorder.history is None:
        raise invalid_request(ephemeral)
    if not live.recorder.is_materialized:
        raise errors.no_rollout(live.id)
    return live.recorder.history
