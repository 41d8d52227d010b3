"""Where the lines of a rollout are: what readers and recorders need of a file, or of whatever stands in for one.

Owns the protocols. Implementations: file_lines.py, memory_lines.py. Everything above reads and writes rollouts by way
of these, many lines at a time: whatever holds the bytes, there is one index and one way to make items. Synchronous but
for writing: callers read in a worker thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias

from codex_trio.state.rollout.paths import RolloutName


class LineReader(Protocol):
    """The bytes of a rollout, while it is open."""

    @property
    def identity(self) -> int:
        """Which rollout it is: another number than that of one that took its place."""
        ...

    @property
    def size(self) -> int:
        """How many bytes there are now."""
        ...

    def read(self, length: int, offset: int) -> bytes:
        """Return `length` bytes from `offset` on; fewer only at the end of the lines. Raises OSError."""
        ...


class LineWriter(Protocol):
    """A rollout as a place to append whole lines to. Used by one task at a time."""

    @property
    def exists(self) -> bool:
        """Whether there is anything of it yet."""
        ...

    @property
    def is_writing(self) -> bool:
        """Whether a write that nobody waits for any more is still under way."""
        ...

    async def write(self, data: bytes) -> int:
        """Append lines, all or none; the offset at which they begin. Raises RolloutWriteError.

        When it is cancelled, whether the lines are there is known once nothing `is_writing`.
        """
        ...

    def close(self) -> None:
        """Give up what it takes to write."""
        ...


class LineSource(Protocol):
    """One rollout. Equal sources, which hash alike, are the same rollout."""

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        ...

    @property
    def label(self) -> str:
        """What messages call it."""
        ...

    @property
    def name(self) -> RolloutName | None:
        """What its name tells; None when it has no rollout's name."""
        ...

    def opened(self) -> AbstractContextManager[LineReader]:
        """Return its bytes, to be read. Raises OSError, FileNotFoundError when there are none where it is."""
        ...

    def version(self) -> tuple[int, ...]:
        """Return another value whenever the bytes may have changed: identity and size come first; zeros when there is
        none.
        """
        ...

    async def begin(self, pieces: Iterable[bytes]) -> None:
        """Make it of these pieces: it is there as a whole or not at all. Raises RolloutWriteError."""
        ...

    def writer(self, *, size: int | None, needs_newline: bool = False) -> LineWriter:
        """Go on after so many bytes, the last line of which may lack its newline; make a new one without `size`."""
        ...


BaseLocator: TypeAlias = Callable[[str, frozenset[LineSource]], LineSource | None]
"""Given what a rollout is called by those that build on it, and those read so far: where it is, if it is anywhere."""
