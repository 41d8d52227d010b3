"""Whether the server still takes on work: the state that a draining server has.

Owns the gate that turns begin through. Does not own signals, connections, or the order in which things end.
"""

from __future__ import annotations

import trio

from codex_trio.engine.pace import Pace


class ShuttingDown(Exception):
    """The server takes on no more work of this kind: it ends as soon as what runs has ended."""


class TurnGate:
    """What every turn begins and ends through. Once closed it lets no more in, and can be waited for."""

    def __init__(self) -> None:
        self.pace = Pace()
        """What keeps many turns from running all at once."""
        self._running = 0
        self._closed = False
        self._quiet = trio.Event()

    @property
    def running(self) -> int:
        """How many turns run."""
        return self._running

    @property
    def closed(self) -> bool:
        """Whether the server is draining."""
        return self._closed

    def check(self) -> None:
        """Raise ShuttingDown once the gate is closed."""
        if self._closed:
            raise ShuttingDown

    def enter(self) -> None:
        """Let a turn begin to run. It must leave."""
        self._running += 1

    def leave(self) -> None:
        """Note that a turn has ended, and everybody was told."""
        self._running -= 1
        self._look()

    def close(self) -> None:
        """Have `check` refuse from now on."""
        self._closed = True
        self._look()

    async def quiet(self) -> None:
        """Wait until the gate is closed and no turn runs."""
        await self._quiet.wait()

    def _look(self) -> None:
        if self._closed and not self._running:
            self._quiet.set()
