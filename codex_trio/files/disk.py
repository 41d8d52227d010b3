"""The files of this machine, as those see them who go through many and may change them: patches, and instructions.

Owns: where a path leads (links are followed once; one that appears later is an error, not a way elsewhere), and writing
so that a crash leaves the old file or the new one, with all else about it as it was: mode, owner, attributes, links.
Does not own: which files may be written, or the wording of failures. Blocking: for worker threads.
"""

import contextlib
import errno
import os
from collections.abc import Generator

from codex_trio.files.contents import Contents, NotWritable, Unread, WriteGate
from codex_trio.files.entry import Entry
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, open_regular_file, read_start, read_whole

MAX_PATCHED_BYTES = 64 << 20
"""What a file may have to be changed line by line."""

_MAX_REMEMBERED_BYTES = 16 << 20
# A folder on the way, never a link to one.
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class DiskFiles:
    """Without a gate, all that the process may write may be written."""

    def __init__(self, gate: WriteGate | None = None) -> None:
        self._gate = gate

    def status(self, path: str) -> os.stat_result:
        """Return what is at `path`, links followed. Raises OSError."""
        return os.stat(path)

    def is_link(self, path: str) -> bool:
        """Return whether a symbolic link is at `path`, wherever it leads."""
        return os.path.islink(path)

    def leads_to(self, path: str) -> str:
        """Return where what is written to an absolute path ends up: the path without links.

        Raises OSError if it is none.
        """
        return _leads_to(path)

    def entry_of(self, path: str) -> str:
        """Return where the entry is that an absolute path names: the same, but for a link at its end.

        Raises OSError.
        """
        return _entry_of(path)

    def read_start(self, path: str, *, limit: int) -> bytes:
        """Return the first bytes of the regular file at `path`, `limit` at most. Raises OSError."""
        return read_start(path, limit=limit)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of the regular file at `path`, links followed; None when nothing is there.

        Raises OSError.
        """
        return _read(path, limit=MAX_PATCHED_BYTES)

    def peek(self, path: str) -> Contents:
        """Return the same for the record only, where it need not be known.

        Raises OSError when it is no regular file.
        """
        try:
            return _read(path, limit=_MAX_REMEMBERED_BYTES)
        except (PermissionError, FileTooLarge):
            return Unread()

    def peek_entry(self, path: str) -> Contents:
        """Return the same for what is to be removed: a link is there wherever it leads."""
        try:
            content = self.peek(path)
        except OSError:
            if os.path.islink(path):
                return Unread()
            raise
        return Unread() if content is None and os.path.islink(path) else content

    def write(self, path: str, content: bytes) -> None:
        """Give a file, perhaps a new one, this content. Raises OSError."""
        place = _leads_to(path)
        self._check(place)
        with _folder(os.path.dirname(place), create=True) as folder:
            Entry(folder, os.path.basename(place), replaceable=self._replaceable(place)).write(content)

    def open_emptied(self, path: str) -> int:
        """Return a descriptor to write a file with, perhaps a new one, that has no content now. Raises OSError."""
        place = _leads_to(path)
        self._check(place)
        with _folder(os.path.dirname(place)) as folder:
            return Entry(folder, os.path.basename(place)).open_emptied()

    def move(self, path: str, target: str, content: bytes, *, changed: bool) -> None:
        """Rename a file to `target`, over a file there, and give it this content. Raises OSError.

        A link at `path` is removed, and what it led to stays; where `target` leads to the file itself, it only changes.
        """
        source, place = _entry_of(path), _leads_to(target)
        if place == _leads_to(path):
            self.write(target, content)
            return
        self._check(source)
        self._check(place)
        with (
            _folder(os.path.dirname(source)) as old_folder,
            _folder(os.path.dirname(place), create=True) as new_folder,
        ):
            old = Entry(old_folder, os.path.basename(source))
            new = Entry(new_folder, os.path.basename(place), replaceable=self._replaceable(place))
            if old.is_link():
                with open_regular_file(path) as model:
                    new.take_copy(model.fileno(), content)
                old.remove_original()
            else:
                new.take(old, content, changed=changed)

    def delete(self, path: str) -> None:
        """Remove a file, or a link to whatever. Raises OSError."""
        place = _entry_of(path)
        self._check(place)
        with _folder(os.path.dirname(place)) as folder:
            Entry(folder, os.path.basename(place)).unlink()

    def _check(self, place: str) -> None:
        if self._gate is not None and not self._gate.admits(place):
            raise NotWritable(errno.EPERM, f"it leads to {place}, which may not be written", place)

    def _replaceable(self, place: str) -> bool:
        return self._gate is None or self._gate.admits_beside(place)


def _leads_to(path: str) -> str:
    if "\0" in path:
        raise OSError(errno.EINVAL, "a path has no NUL in it", path)
    return os.path.realpath(path)


def _entry_of(path: str) -> str:
    return os.path.join(_leads_to(os.path.dirname(path)), os.path.basename(path))


def _read(path: str, *, limit: int) -> bytes | None:
    place = _leads_to(path)
    if place == "/":
        raise NotARegularFile(errno.EISDIR, "is a folder", path)
    try:
        with _folder(os.path.dirname(place)) as folder:
            return read_whole(os.path.basename(place), limit=limit, folder=folder, follow_links=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextlib.contextmanager
def _folder(path: str, *, create: bool = False) -> Generator[int]:
    """Provide a descriptor of the folder at a path without links; made with all above it where missing
    and asked for.
    """
    current = os.open("/", _FOLDER)
    try:
        for name in filter(None, path.split("/")):
            following = _step(name, current, create=create)
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def _step(name: str, folder: int, *, create: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        if not create:
            raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)
