"""A clock for waits that can be stopped: while it stands, no time passes for those who wait by it.

Owns how often it was stopped and not started again. Does not own why.
"""

from __future__ import annotations

import math

import trio


class StoppableClock:
    """A clock that stands while it was stopped more often than started."""

    def __init__(self) -> None:
        self._stops = 0
        self._goes = trio.Event()
        self._goes.set()
        # What waits, and how long each may still wait once the clock goes on.
        self._waits: dict[trio.CancelScope, float] = {}

    @property
    def stops(self) -> int:
        """How often it was stopped and not started again."""
        return self._stops

    def stop(self) -> None:
        """Have no time pass from now on."""
        self._stops += 1
        if self._stops == 1:
            self._goes = trio.Event()
            now = trio.current_time()
            for scope in self._waits:
                self._waits[scope] = max(scope.deadline - now, 0)
                scope.deadline = math.inf

    def start(self) -> None:
        """Take one stop back. Raises ValueError when there is none."""
        if not self._stops:
            raise ValueError("the clock goes")
        self._stops -= 1
        if not self._stops:
            now = trio.current_time()
            for scope, left in self._waits.items():
                scope.deadline = now + left
            self._goes.set()

    async def until_running(self) -> None:
        """Wait while the clock stands."""
        while self._stops:
            await self._goes.wait()

    async def wait(self, event: trio.Event, seconds: float) -> None:
        """Wait until an event, for so long by this clock at most."""
        with trio.CancelScope() as scope:
            self._waits[scope] = seconds
            scope.deadline = math.inf if self._stops else trio.current_time() + seconds
            try:
                await event.wait()
            finally:
                del self._waits[scope]
