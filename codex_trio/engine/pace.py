"""How many turns go on in one round of the event loop, so that small requests come in between.

Whatever is ready runs before the loop looks for input again: a thousand turns that go on at once would keep everybody
else waiting for a second. Owns the order in which turns that ask to go on do so. Holds nothing while one does.
"""

from __future__ import annotations

import trio

from codex_trio.util.bell import Bell

STEPS = 8
"""Of a part of a millisecond each."""


class Pace:
    """A service: `run` it once; while it does not run, everybody goes on at once."""

    def __init__(self) -> None:
        self._is_kept = False
        self._left = STEPS
        self._waiting = trio.lowlevel.ParkingLot()
        self._wanted = Bell()

    async def step(self) -> None:
        """Return when it is this turn's turn: at once, unless many want to go on."""
        if not self._is_kept or (self._left and not self._waiting):
            self._left -= 1
            return
        self._wanted.ring()
        await self._waiting.park()

    async def run(self) -> None:
        """Let a few of those who wait go on in every round, until cancelled; then all."""
        self._is_kept = True
        try:
            while True:
                self._left = STEPS
                while not self._waiting:
                    await self._wanted.wait()
                while self._waiting:
                    self._waiting.unpark(count=STEPS)
                    await trio.lowlevel.checkpoint()
        finally:
            self._is_kept = False
            self._waiting.unpark_all()
