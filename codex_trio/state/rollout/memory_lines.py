"""Rollouts that are kept in memory: for threads that are to leave nothing behind.

Owns the bytes. They are kept as they were written, so that what is read of them needs no lock, whichever thread reads.
Does not own which rollouts there are (the store in memory).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import trio

from codex_trio.state.rollout.paths import RolloutName


class MemoryLines:
    """A rollout, which is there once something was written to it: `appeared` is told then.

    `clock` gives Unix milliseconds.
    """

    def __init__(self, name: RolloutName, *, clock: Callable[[], int], appeared: Callable[[MemoryLines], None]) -> None:
        self.rollout_name = name
        self.changed_ms = 0
        """When something was written to it last."""
        self._clock = clock
        self._appeared = appeared
        # What was written, and where each piece begins. Both only grow, and are replaced together.
        self._written: tuple[list[bytes], list[int]] = ([], [])
        self._size = 0

    @property
    def path(self) -> Path | None:
        """There is none."""
        return None

    @property
    def label(self) -> str:
        """The name, which is that of no file."""
        return self.rollout_name.file_name

    @property
    def name(self) -> RolloutName | None:
        return self.rollout_name

    @property
    def identity(self) -> int:
        return id(self)

    @property
    def size(self) -> int:
        """How many bytes there are now."""
        return self._size

    @contextmanager
    def opened(self) -> Generator[MemoryLines]:
        if not self._size:
            raise FileNotFoundError(0, "is not there")
        yield self

    def version(self) -> tuple[int, ...]:
        return (self.identity if self._size else 0, self._size)

    def read(self, length: int, offset: int) -> bytes:
        pieces, starts = self._written
        end = min(offset + length, self._size)
        if offset >= end or not starts:
            return b""
        first = bisect_right(starts, offset) - 1
        past = bisect_left(starts, end, first)
        start = starts[first]
        return b"".join(pieces[first:past])[offset - start : end - start]

    async def begin(self, pieces: Iterable[bytes]) -> None:
        await trio.lowlevel.checkpoint()
        self.append(b"".join(pieces))

    def writer(self, *, size: int | None, needs_newline: bool = False) -> MemoryWriter:
        """Return a writer; every line in memory has its newline."""
        assert size in (None, self._size)
        assert not needs_newline
        return MemoryWriter(self)

    def append(self, data: bytes) -> int:
        """Add whole lines; the offset at which they begin."""
        begin = self._size
        pieces, starts = self._written
        # In this order: a reader in another thread finds a size for which everything is there.
        pieces.append(data)
        starts.append(begin)
        self._size += len(data)
        self.changed_ms = self._clock()
        if begin == 0:
            self._appeared(self)
        return begin

    def drop(self) -> None:
        """Forget it all: from now on it is not there."""
        self._size = 0
        self._written = ([], [])


class MemoryWriter:
    """Appends to a rollout in memory."""

    def __init__(self, lines: MemoryLines) -> None:
        self._lines = lines

    @property
    def exists(self) -> bool:
        """Whether there is anything of the rollout yet."""
        return self._lines.size > 0

    @property
    def is_writing(self) -> bool:
        """Never."""
        return False

    async def write(self, data: bytes) -> int:
        await trio.lowlevel.checkpoint()
        return self._lines.append(data)

    def close(self) -> None:
        """Do nothing: writing takes nothing."""
