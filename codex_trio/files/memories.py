"""The folders with what is remembered of former threads, in CODEX_HOME.

Owns where they are, what is in them, and emptying them. Does not own who may use it, or what models are told of it.
There are two: that of older releases is read as long as there is nothing in today's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from codex_trio.files import trees
from codex_trio.util.abandonable import abandonable, finished
from codex_trio.util.private_folder import FILE_MODE, make_private_folder
from codex_trio.util.regular_file import read_whole
from codex_trio.util.timed_lock import lock_within

SUMMARY = "memory_summary.md"
NOTES = "rollout_summaries"
WORKSHOP = "workshop"
"""Where memories are brought together, below the folder, each time in a place of its own. Nothing in it counts."""

MAX_SUMMARY = 1 << 20
"""How many bytes a summary may have to be read at all."""

_LOCK_SECONDS = 5.0
_READ_SECONDS = 10.0
_WRITE_SECONDS = 60.0
_MARK = b"thread_id: "
"""How the notes begin that this program writes; others are left alone."""


class MemoryFolder:
    """Its calls raise OSError."""

    def __init__(self, codex_home: Path) -> None:
        self.path = codex_home / "memories_v2"
        self.workshop = self.path / WORKSHOP
        self.former = codex_home / "memories"

    async def summary(self) -> tuple[str, Path] | None:
        """Return the summary and the folder that it is about; None when there is none."""
        for folder in (self.path, self.former):
            try:
                content = await abandonable(_READ_SECONDS, read_whole, folder / SUMMARY, limit=MAX_SUMMARY)
            except (FileNotFoundError, NotADirectoryError):
                continue
            return content.decode(errors="replace"), folder
        return None

    async def latest(self) -> str | None:
        """Return the summary in today's folder; None when there is none."""
        found = await self.summary()
        return found[0] if found is not None and found[1] == self.path else None

    async def has_former(self) -> bool:
        """Return whether an older release left anything behind."""
        return await abandonable(_READ_SECONDS, lambda: bool(_names(self.former)))

    async def clear(self) -> None:
        """Remove all that is in them; they stay. One that is a link is left alone: what lies there may be anybody's."""
        for folder in (self.path, self.former):
            await finished(_WRITE_SECONDS, _WRITE_SECONDS, _clear, folder)

    async def set_up_workshop(self, place: str, files: Mapping[str, str]) -> Path:
        """Put those files, and nothing else, into a place where memories are brought together; its folder.

        Other places are removed: whoever is at work there comes too late, or has died.
        """
        folder = self.workshop / place
        await finished(_WRITE_SECONDS, _WRITE_SECONDS, _set_up, self.path, folder, dict(files))
        return folder

    async def take_from_workshop(self, place: str, name: str, *, limit: int) -> bytes:
        """Return what a file there holds; one that is a link, or larger than `limit`, is an error."""
        path = self.workshop / place / name
        return await abandonable(_READ_SECONDS, read_whole, path, limit=limit, follow_links=False)

    async def remove_workshop(self, place: str) -> None:
        """Remove all of it, and no other: that of another server may have been set up meanwhile."""
        await finished(_WRITE_SECONDS, _WRITE_SECONDS, _take_down, self.workshop / place)

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Keep other servers of this home from changing the folder, if there is one, while the block runs."""
        descriptor = await finished(_WRITE_SECONDS, _WRITE_SECONDS, _locked, self.path)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    async def publish(self, summary: str, notes: Mapping[str, str]) -> None:
        """Put a summary and the notes that it is about in place of the former ones: the summary last, and whole."""
        await finished(_WRITE_SECONDS, _WRITE_SECONDS, _publish, self.path, summary, dict(notes))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _check_no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "is a link, and is not written to", str(folder))


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "is a link, and is not emptied", str(folder))
    for name in _names(folder):
        _remove(folder / name)


def _remove(path: Path) -> None:
    trees.remove(str(path), recursive=True, force=True, check=_go_on)


def _locked(folder: Path) -> int | None:
    """Return what keeps a folder locked until it is closed; None when there is none."""
    _check_no_link(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    if not lock_within(descriptor, seconds=_LOCK_SECONDS):
        os.close(descriptor)
        raise BlockingIOError(errno.EWOULDBLOCK, "is kept locked by another process", str(folder))
    return descriptor


def _set_up(folder: Path, place: Path, files: Mapping[str, str]) -> None:
    _check_no_link(folder)
    make_private_folder(folder)
    _remove(place.parent)
    make_private_folder(place.parent)
    make_private_folder(place)
    for name, text in files.items():
        path = place / name
        make_private_folder(path.parent)
        _write(path, text, os.O_EXCL)


def _take_down(place: Path) -> None:
    _remove(place)
    with contextlib.suppress(OSError):
        place.parent.rmdir()


def _publish(folder: Path, summary: str, notes: Mapping[str, str]) -> None:
    _check_no_link(folder)
    place = folder / NOTES
    _check_no_link(place)
    make_private_folder(place)
    there = set(_names(place))
    for name, text in notes.items():
        if name not in there:
            _replace(place / name, text)
    _replace(folder / SUMMARY, summary)
    for name in there - notes.keys():
        if _is_ours(place / name):
            (place / name).unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return file.read(len(_MARK)) == _MARK
    except OSError:
        return False


def _write(path: Path, text: str, flags: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flags, FILE_MODE)
    with open(descriptor, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, text: str) -> None:
    """Put a file in place as a whole; what a process left behind that died in between is written over."""
    new = path.with_name(f".{path.name}.new")
    try:
        _write(new, text, os.O_TRUNC)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _go_on() -> None:
    """Stop nowhere."""
