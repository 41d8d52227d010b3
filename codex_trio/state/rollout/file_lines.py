"""Rollouts that are files: their bytes, and appending to them.

Owns file descriptors, and what becomes of a write that does not succeed. Does not own where files are (paths.py) nor
what their lines say.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import trio

from codex_trio.state.rollout import compressed
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.sources import BaseLocator, LineSource
from codex_trio.util.private_folder import FILE_MODE, close_to_others, make_private_folder
from codex_trio.util.regular_file import check_regular
from codex_trio.util.short_jobs import ShortJobs


class FileLines(msgspec.Struct, frozen=True, eq=False):
    """A rollout file, which need not exist. `jobs` do its appends; without them each has a thread of its own."""

    path: Path
    jobs: ShortJobs | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileLines) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def label(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def name(self) -> RolloutName | None:
        """The parts of the file's name; None when it is no rollout file's."""
        return RolloutName.parse(self.path.name)

    @contextmanager
    def opened(self) -> Generator[RolloutFileReader]:
        with compressed.opened(self.path) as contents:
            yield RolloutFileReader(contents.file.fileno(), contents.compressed)

    def version(self) -> tuple[int, int, int]:
        """Return the file's inode, size and time of change; zeros when there is none."""
        try:
            return compressed.version(self.path)
        except OSError:
            return (0, 0, 0)

    async def begin(self, pieces: Iterable[bytes]) -> None:
        await trio.to_thread.run_sync(_make, self.path, pieces)

    def writer(self, *, size: int | None, needs_newline: bool = False) -> FileWriter:
        return FileWriter(self.path, size=size, needs_newline=needs_newline, jobs=self.jobs)


def locator_of(locate: Callable[[str, frozenset[Path]], Path | None]) -> BaseLocator:
    """Find rollouts by finding their files."""

    def locate_source(base_id: str, seen: frozenset[LineSource]) -> LineSource | None:
        found = locate(base_id, frozenset(source.path for source in seen if source.path is not None))
        return None if found is None else FileLines(found)

    return locate_source


class RolloutFileReader:
    """An open file. `status` is that of the file itself, when `fd` has what was compressed in it."""

    def __init__(self, fd: int, status: os.stat_result | None = None) -> None:
        self._fd = fd
        self._status = status

    @property
    def identity(self) -> int:
        """The number of the file's inode."""
        return self.version[0]

    @property
    def version(self) -> tuple[int, int, int]:
        """As for FileLines."""
        if self._status is not None:
            return compressed.version_of(self._status, is_compressed=True)
        return compressed.version_of(os.fstat(self._fd))

    @property
    def size(self) -> int:
        """How many bytes there are to read now."""
        return os.fstat(self._fd).st_size

    def read(self, length: int, offset: int) -> bytes:
        data = os.pread(self._fd, length, offset)
        if len(data) == length:
            return data
        parts = [data]
        while data and (length := length - len(data)):
            offset += len(data)
            data = os.pread(self._fd, length, offset)
            parts.append(data)
        return b"".join(parts)


class _Write:
    """One write, which begins once or never."""

    def __init__(self, data: bytes, *, is_over: bool = False) -> None:
        self.data = data
        self.is_over = is_over
        self._beginning = threading.Lock()

    @property
    def has_begun(self) -> bool:
        """Whether it was decided that it begins, or never does."""
        return self._beginning.locked()

    def begin(self) -> bool:
        """Return whether it begins now: the first to ask decides."""
        return self._beginning.acquire(blocking=False)


class FileWriter:
    """Appends to a file, or makes it. When a write raises, what part of it reached the file is cut off again."""

    def __init__(
        self, path: Path, *, size: int | None = None, needs_newline: bool = False, jobs: ShortJobs | None = None
    ) -> None:
        """`size` is that of the existing file to continue, None to make a new one."""
        self._path = path
        self._jobs = jobs
        self._size = size
        self._needs_newline = needs_newline
        self._fd: int | None = None
        self._last = _Write(b"", is_over=True)
        self._is_closed = False

    @property
    def exists(self) -> bool:
        """Whether the file has been made."""
        return self._size is not None

    @property
    def is_writing(self) -> bool:
        return self._last.has_begun and not self._last.is_over

    async def write(self, data: bytes) -> int:
        self._last = write = _Write(data)
        try:
            # A disk may never answer. The thread then stays behind, and leaves things as they should be if it ends.
            if self._jobs is not None:
                return await self._jobs.do(partial(self._run, write))
            return await trio.to_thread.run_sync(self._run, write, abandon_on_cancel=True)
        except trio.Cancelled:
            # What has not begun never will.
            write.is_over = write.begin()
            raise

    def _run(self, write: _Write) -> int:
        if not write.begin():
            return 0
        try:
            return self._write(write.data)
        finally:
            if self._is_closed:
                self._close()
            write.is_over = True

    def _write(self, data: bytes) -> int:
        try:
            fd = self._open()
        except OSError as error:
            raise self._failure(error) from error
        before = self._size or 0
        written = 0
        try:
            # What another process appended may have been cut short by its death.
            needs_newline = self._needs_newline or os.fstat(fd).st_size != before
            remaining = memoryview(b"\n" + data if needs_newline else data)
            while remaining:
                count = os.write(fd, remaining)
                written += count
                remaining = remaining[count:]
        except OSError as error:
            self._undo(fd, before, written)
            raise self._failure(error) from error
        # Where the write ended, whoever else has appended since the last one.
        self._size = os.lseek(fd, 0, os.SEEK_CUR)
        self._needs_newline = False
        return self._size - len(data)

    def close(self) -> None:
        """Give up the file descriptor, after a write that is under way."""
        self._is_closed = True
        if not self.is_writing:
            self._close()

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        if self._fd is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
            if self._size is None:
                make_private_folder(self._path.parent)
                flags |= os.O_CREAT | os.O_EXCL
            fd = os.open(self._path, flags, FILE_MODE)
            try:
                check_regular(os.fstat(fd), self._path)
            except OSError:
                os.close(fd)
                raise
            close_to_others(fd)
            self._fd = fd
        return self._fd

    def _undo(self, fd: int, before: int, written: int) -> None:
        """Take back a write that got only so far."""
        if self._size is None:
            # The file was made for this write: without it, there is no thread to find.
            self._close()
            with contextlib.suppress(OSError):
                self._path.unlink()
            return
        if written == 0:
            return
        try:
            if os.fstat(fd).st_size != before + written:
                raise OSError("the file was changed by another process")
            os.ftruncate(fd, before)
        except OSError:
            # A torn line stays behind; the next write starts on a line of its own.
            self._size = before + written
            self._needs_newline = True

    def _failure(self, error: OSError) -> RolloutWriteError:
        return RolloutWriteError(self._path, error.errno or 0, error.strerror or str(error))


def _make(path: Path, pieces: Iterable[bytes]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        make_private_folder(path.parent)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
            file.writelines(pieces)
        aside.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise RolloutWriteError(path, error.errno or 0, error.strerror or str(error)) from error
