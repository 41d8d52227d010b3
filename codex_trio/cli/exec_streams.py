"""Standard output and error of `codex-trio exec`.

Owns: writing without holding the loop, in which the server runs too. Does not own what is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import trio

from codex_trio.transport.descriptors import open_sink
from codex_trio.util.bell import Bell


class TextStream:
    """Text for a file descriptor: `write` keeps it, the task `run` writes it.

    A reader that goes away is told once to `on_lost`; what is written after that is dropped.
    """

    def __init__(self, descriptor: int, *, on_lost: Callable[[], None]) -> None:
        self._sink = open_sink(os.dup(descriptor))
        self._on_lost = on_lost
        self._waiting: list[str] = []
        self._lost = False
        self._news = Bell()
        self._drained = trio.Event()
        self._drained.set()

    def write(self, text: str) -> None:
        """Take text to be written as soon as possible."""
        if self._lost:
            return
        self._waiting.append(text)
        self._drained = trio.Event() if self._drained.is_set() else self._drained
        self._news.ring()

    async def drained(self) -> None:
        """Return when all text is written, or nobody wants it."""
        await self._drained.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                while not self._waiting:
                    await self._news.wait()
                data = "".join(self._waiting).encode(errors="replace")
                self._waiting.clear()
                await self._write(data)
                if not self._waiting:
                    self._drained.set()
        finally:
            self._sink.close()

    async def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[await self._sink.write(rest) :]
        except OSError:
            self._waiting.clear()
            if not self._lost:
                self._lost = True
                self._on_lost()
