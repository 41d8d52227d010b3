"""The clients that follow one thread, and since when there are none.

Owns the set and the clock. What followers are told is the announcer's business, and when a thread that nobody follows
is unloaded the manager's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from codex_trio.threads.clients import ClientId


class Followers:
    """Whoever hears of a thread's turns and items, and is asked. A new thread has none, and its clock stands."""

    def __init__(self) -> None:
        self.clients: set[ClientId] = set()
        self._alone_since: float | None = None
        self._is_left = trio.Event()
        """Set while the last follower has gone."""

    def add(self, client: ClientId) -> None:
        """Have a client hear from now on."""
        self.clients.add(client)
        if self._is_left.is_set():
            self._is_left = trio.Event()
        self._alone_since = None

    def remove(self, client: ClientId) -> bool:
        """Have a client hear no more; whether it had been a follower."""
        if client not in self.clients:
            return False
        self.clients.discard(client)
        if not self.clients:
            self._alone_since = trio.current_time()
            self._is_left.set()
        return True

    def start_clock_anew(self) -> None:
        """Count from now on: something happened in the thread."""
        if self._alone_since is not None:
            self._alone_since = trio.current_time()

    async def left_alone(
        self, seconds: float, *, is_busy: Callable[[], bool], wait_until_idle: Callable[[], Awaitable[None]]
    ) -> None:
        """Return once nobody has followed the thread, and it was not busy, for so many seconds."""
        while True:
            await self._is_left.wait()
            await wait_until_idle()
            if self._alone_since is None or is_busy():
                continue
            left = self._alone_since + seconds - trio.current_time()
            if left <= 0:
                return
            await trio.sleep(left)

    async def unfollowed(self, seconds: float) -> None:
        """Return once nobody has followed the thread for so many seconds on end, whatever runs in it."""
        while True:
            left = self._is_left
            await left.wait()
            await trio.sleep(seconds)
            if left is self._is_left:
                return
