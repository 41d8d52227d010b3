"""What threads are told of their repositories, asked once for all that begin in a folder at about the same time.

Owns: when git is asked. Does not own: asking it (`git`).

Asking takes three processes. A client that begins many threads in a row would wait for those of each, and all are told
the same.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

T = TypeVar("T")

PAUSE_SECONDS = 0.25
"""How long after one look at a folder the next one is had."""


class _Question(Generic[T]):
    """One that is to be asked, for all who come before that."""

    def __init__(self) -> None:
        self.ended = trio.Event()
        self.answers: list[T] = []


class RepositoryStates(Generic[T]):
    """Answers by key. What is told was looked for after it was asked for."""

    def __init__(self) -> None:
        self._waiting: dict[object, _Question[T]] = {}
        self._asked_at: dict[object, float] = {}

    async def get(self, key: object, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what `ask` says, at once unless it has been asked for that key just before."""
        while True:
            question = self._waiting.get(key)
            if question is None:
                return await self._ask(key, ask)
            await question.ended.wait()
            if question.answers:
                return question.answers[0]
            # Whoever was to ask was cancelled, or failed.

    async def _ask(self, key: object, ask: Callable[[], Awaitable[T]]) -> T:
        question = self._waiting[key] = _Question()
        try:
            await trio.sleep_until(self._asked_at.get(key, -math.inf) + PAUSE_SECONDS)
            self._begin(key)
            question.answers.append(await ask())
        finally:
            if self._waiting.get(key) is question:
                del self._waiting[key]
            question.ended.set()
        return question.answers[0]

    def _begin(self, key: object) -> None:
        """Have whoever comes from here on be told of what happened since."""
        now = trio.current_time()
        self._asked_at = {other: at for other, at in self._asked_at.items() if at > now - PAUSE_SECONDS}
        self._asked_at[key] = now
        del self._waiting[key]
