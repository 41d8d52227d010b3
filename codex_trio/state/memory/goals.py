"""What threads work towards, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Iterable

import trio

from codex_trio.state.store.goals import Goal, GoalChange


class MemoryGoals:
    """Those of a process that keeps nothing."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._goals: dict[str, Goal] = {}

    async def get(self, thread_id: str) -> Goal | None:
        await trio.lowlevel.checkpoint()
        return self._goals.get(thread_id)

    async def change(self, thread_id: str, change: GoalChange) -> Goal | None:
        await trio.lowlevel.checkpoint()
        goal = change(self._goals.get(thread_id))
        if goal is None:
            self._goals.pop(thread_id, None)
        else:
            self._goals[thread_id] = goal
        return goal

    async def forget(self, thread_ids: Iterable[str]) -> None:
        await trio.lowlevel.checkpoint()
        for thread_id in thread_ids:
            self._goals.pop(thread_id, None)
