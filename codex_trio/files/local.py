"""The files of this machine, off the loop; what nobody waits for any more is stopped."""

from __future__ import annotations

import binascii
import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec
import trio

from codex_trio.files import trees
from codex_trio.files.at_once import AtOnce
from codex_trio.files.contents import WriteGate
from codex_trio.files.disk import DiskFiles
from codex_trio.files.names import is_shown, meant, shown
from codex_trio.files.status import status
from codex_trio.util.abandonable import abandonable
from codex_trio.util.regular_file import read_in_pieces, read_whole

READ_SECONDS = 10.0

_PIECE_BYTES = 3 * 128 * 1024
"""A whole number of triples, so that pieces in base64 add up to the whole in base64."""

T = TypeVar("T")


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """What is at a path, links followed."""

    is_folder: bool
    is_file: bool


class FileMetadata(FileKind, frozen=True, kw_only=True):
    """More of it; `is_link` is of the path itself. Times are Unix milliseconds, `created_ms` of 0 is not known."""

    is_link: bool
    created_ms: int
    modified_ms: int


_FOLDER = FileKind(is_folder=True, is_file=False)
_FILE = FileKind(is_folder=False, is_file=True)
_OTHER = FileKind(is_folder=False, is_file=False)


class _Stopped(Exception):
    """Nobody waits any more."""


async def place_of(path: str) -> str:
    """Return the path of what is shown by an absolute one; see `names`."""
    return await _stoppable(lambda _: meant(path)) if is_shown(path) else path


class LocalFiles:
    """Paths are absolute; every method raises OSError. A name that is no text may be given as it was told."""

    def __init__(self) -> None:
        self._at_once = AtOnce()

    async def read(self, path: str, *, limit: int, seconds: float = READ_SECONDS) -> bytes:
        """Return all bytes of a regular file, in bounded time. Raises ValueError for what is no path."""
        return await abandonable(seconds, read_whole, path, limit=limit)

    async def read_base64(self, path: str, *, limit: int, seconds: float = READ_SECONDS) -> list[bytes]:
        """Return the same in base64, in pieces."""
        await trio.lowlevel.checkpoint_if_cancelled()
        content = self._at_once.read(path, limit=limit)
        if content is not None:
            return [binascii.b2a_base64(content, newline=False)]
        with trio.move_on_after(seconds):
            return await _stoppable(lambda check: self._base64(path, limit, check))
        raise TimeoutError(errno.ETIMEDOUT, f"did not answer within {seconds:g} seconds")

    def blocking(self, gate: WriteGate | None = None) -> DiskFiles:
        """Return the same files, for whoever goes through many of them in a thread of their own."""
        return DiskFiles(gate)

    async def write(self, path: str, content: Iterable[bytes]) -> None:
        """Give a regular file, perhaps a new one, this content, which comes in pieces; links are followed."""
        await _stoppable(lambda _: _write(meant(path), content))

    async def metadata(self, path: str) -> FileMetadata:
        """Return what is at a path."""
        await trio.lowlevel.checkpoint_if_cancelled()
        found = self._at_once.status(path)
        if found is not None:
            return _told(found.mode, is_link=False, created_ms=found.born_ms, modified_ms=found.modified_ms)
        return await _stoppable(lambda _: self._metadata(meant(path)))

    async def entries(self, path: str) -> list[tuple[str, FileKind]]:
        """Return the names in a folder, with what they lead to; links that lead nowhere are left out."""
        return await _stoppable(lambda check: _entries(meant(path), check))

    async def make_folder(self, path: str, *, parents: bool) -> None:
        """Make a folder; with `parents` those above it too, and it may be there already."""
        await _stoppable(lambda _: _make_folder(meant(path), parents=parents))

    async def remove(self, path: str, *, recursive: bool, force: bool) -> None:
        """Remove a file, a link or a folder; see `trees.remove`."""
        await _stoppable(lambda check: trees.remove(meant(path), recursive=recursive, force=force, check=check))

    async def copy(self, source: str, target: str, *, recursive: bool) -> None:
        """Copy a file, a link or a folder; see `trees.copy`. Raises CopyRefused."""
        await _stoppable(lambda check: trees.copy(meant(source), meant(target), recursive=recursive, check=check))

    def _base64(self, path: str, limit: int, check: trees.Check) -> list[bytes]:
        pieces: list[bytes] = []
        for piece in read_in_pieces(meant(path), limit=limit, piece_bytes=_PIECE_BYTES):
            check()
            pieces.append(binascii.b2a_base64(piece, newline=False))
        self._at_once.learn(path)
        return pieces

    def _metadata(self, path: str) -> FileMetadata:
        found = os.stat(path)
        more = status(path)
        self._at_once.learn(path)
        return _told(
            found.st_mode,
            is_link=os.path.islink(path),
            created_ms=0 if more is None else more.born_ms,
            modified_ms=found.st_mtime_ns // 1_000_000,
        )


async def _stoppable(work: Callable[[trees.Check], T]) -> T:
    """Return what `work` returns or raises, in a thread of its own; when the caller is cancelled its
    next check raises.
    """
    stopped = threading.Event()
    try:
        return await trio.to_thread.run_sync(
            work, partial(_stop_if, stopped), abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
        )
    finally:
        stopped.set()


def _stop_if(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise _Stopped


def _make_folder(path: str, *, parents: bool) -> None:
    if parents:
        os.makedirs(path, exist_ok=True)
    else:
        os.mkdir(path)


def _write(path: str, content: Iterable[bytes]) -> None:
    with trees.opened_to_write(path) as descriptor:
        os.ftruncate(descriptor, 0)
        for piece in content:
            trees.write_all(descriptor, piece)


def _told(mode: int, *, is_link: bool, created_ms: int, modified_ms: int) -> FileMetadata:
    return FileMetadata(
        is_folder=stat.S_ISDIR(mode),
        is_file=stat.S_ISREG(mode),
        is_link=is_link,
        created_ms=created_ms,
        modified_ms=modified_ms,
    )


def _entries(path: str, check: trees.Check) -> list[tuple[str, FileKind]]:
    found: list[tuple[str, FileKind]] = []
    with os.scandir(path) as entries:
        for entry in entries:
            check()
            kind = _kind(entry)
            if kind is not None:
                found.append((shown(entry.name), kind))
    return found


def _kind(entry: os.DirEntry[str]) -> FileKind | None:
    """Return what an entry leads to, without asking for more than the folder tells where that is enough."""
    if not entry.is_symlink():
        return _FOLDER if entry.is_dir() else _FILE if entry.is_file() else _OTHER
    try:
        kind = entry.stat().st_mode
    except OSError:
        return None
    return _FOLDER if stat.S_ISDIR(kind) else _FILE if stat.S_ISREG(kind) else _OTHER
