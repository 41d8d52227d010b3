"""Summing up a thread's history because a client asked for that. Clients see it as a turn with one item.

Owns this turn. Does not own the summing up (engine/compactor.py), nor of that which turns do by themselves
(engine/room.py).
"""

from __future__ import annotations

from typing import NoReturn

import trio

from codex_trio.engine.compactor import Compactor
from codex_trio.engine.request import RequestOrigin
from codex_trio.engine.session.task import TakesNoInput
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.summaries import Occasion
from codex_trio.engine.tasks.client_turn import ClientTurn
from codex_trio.engine.turn_request import TurnInput


class Compaction(ClientTurn):
    """The task that makes room; `run` once. It can be stopped, but not be told more."""

    is_upkeep = True

    def __init__(self, context: TaskContext, turn_id: str) -> None:
        super().__init__(context, turn_id=turn_id, root_id=turn_id)
        self._compactor = Compactor(context, self._log)

    def add_input(self, given: TurnInput, answered: trio.Event) -> NoReturn:
        """Refuse."""
        raise TakesNoInput("compact")

    async def _do(self) -> None:
        await self._context.step()
        await self._context.memory.store([self._started_line()])
        self.stored.set()
        self._tell_start(())
        await self._repository.wait()
        origin = RequestOrigin(
            kind="compaction",
            turn_id=self.id,
            root_turn_id=self.root_id,
            started_ms=self.started_ms,
            workspaces=self._repository.workspaces,
        )
        await self._compactor.compact(origin, Occasion("standalone_turn", "user_requested"))
