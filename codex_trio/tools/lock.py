"""A fair lock for tool calls: those that only look run together, those that change things run alone."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import trio


class _Waiter(msgspec.Struct, eq=False):
    shared: bool
    turn: trio.Event


class SharedLock:
    """Readers together, writers alone, in the order of arrival: nobody overtakes a waiting writer."""

    def __init__(self) -> None:
        self._holders = 0
        self._exclusive = False
        self._waiting: deque[_Waiter] = deque()

    @asynccontextmanager
    async def hold(self, *, shared: bool) -> AsyncGenerator[None]:
        """Waits for one's turn; a cancelled waiter leaves without disturbing the others."""
        waiter = _Waiter(shared=shared, turn=trio.Event())
        self._waiting.append(waiter)
        self._admit()
        try:
            await waiter.turn.wait()
        except trio.Cancelled:
            if waiter.turn.is_set():
                self._leave()
            else:
                self._waiting.remove(waiter)
                self._admit()
            raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._holders -= 1
        self._exclusive = False
        self._admit()

    def _admit(self) -> None:
        while self._waiting and not self._exclusive:
            if self._holders and not self._waiting[0].shared:
                return
            waiter = self._waiting.popleft()
            self._holders += 1
            self._exclusive = not waiter.shared
            waiter.turn.set()
