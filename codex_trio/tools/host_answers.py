"""What was answered about hosts, in one thread: asked once, however many connections wait for it.

Owns who asks when several would, and what counts for the rest of the session. Does not own the question.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

Key = tuple[str, str, str, int]
"""The id of the environment that it is reached from, a host, a protocol and a port."""
_T = TypeVar("_T")


class _Open(Generic[_T]):
    """A question that was asked; `answer` stays None when whoever asked has gone."""

    def __init__(self) -> None:
        self.is_over = trio.Event()
        self.answer: _T | None = None


class HostAnswers(Generic[_T]):
    """Those of one thread."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open[_T]] = {}
        self._allowed: set[Key] = set()

    def allow(self, key: Key) -> None:
        """Let a host be reached for the rest of the session."""
        self._allowed.add(key)

    def allows(self, key: Key) -> bool:
        """Return whether that was said."""
        return key in self._allowed

    async def ask(self, key: Key, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Return the answer about a host: of `ask`, or what somebody else is just being answered."""
        while True:
            known = self._open.get(key)
            if known is None:
                return await self._first(key, ask)
            await known.is_over.wait()
            if known.answer is not None:
                return known.answer

    async def _first(self, key: Key, ask: Callable[[], Awaitable[_T]]) -> _T:
        mine = self._open[key] = _Open[_T]()
        try:
            mine.answer = await ask()
            return mine.answer
        finally:
            del self._open[key]
            mine.is_over.set()
