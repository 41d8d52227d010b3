"""When clients ask for nothing: background work waits for that here, and nowhere else."""

from __future__ import annotations

import math

import trio


class Idle:
    """Counts the requests of all clients that are under way."""

    def __init__(self) -> None:
        self._under_way = 0
        self._ended_at = -math.inf
        self._none_under_way = trio.Event()
        self._none_under_way.set()

    @property
    def under_way(self) -> int:
        """How many requests are not answered yet."""
        return self._under_way

    def began(self) -> None:
        """Note that a request has come. It must end."""
        self._under_way += 1
        if self._none_under_way.is_set():
            self._none_under_way = trio.Event()

    def ended(self) -> None:
        """Note that a request was answered, or is answered no more."""
        self._under_way -= 1
        self._ended_at = trio.current_time()
        if not self._under_way:
            self._none_under_way.set()

    async def quiet(self, seconds: float) -> None:
        """Return once no request has been under way for so many seconds."""
        while True:
            await self._none_under_way.wait()
            left = self._ended_at + seconds - trio.current_time()
            if left <= 0 and not self._under_way:
                return
            await trio.sleep(max(0.0, left))
