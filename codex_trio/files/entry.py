"""One name in a folder that is held open, and what may become of it: written, replaced, moved, removed.

Owns: writing so that a crash leaves the old file or the new one whole, and taking over what else a file is: mode,
owner, attributes. A file with several names is written in place, as each of them is to show the change.
Does not own: how the folder was reached. The name itself is never followed when it is a link. Blocking.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Generator
from types import TracebackType

from codex_trio.files.contents import OriginalRemains
from codex_trio.util.regular_file import check_regular

# Opening waits for nobody and starts nothing, should the name have become something else meanwhile.
_CAREFUL = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW_MODE = 0o666
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Entry:
    """A name in an open folder; `replaceable` when other names may be made beside it for a while."""

    def __init__(self, folder: int, name: str, *, replaceable: bool = False) -> None:
        self._folder = folder
        self._name = name
        self._replaceable = replaceable

    def is_link(self) -> bool:
        found = self._stat()
        return found is not None and stat.S_ISLNK(found.st_mode)

    def unlink(self) -> None:
        """Remove a regular file or a link. Raises OSError."""
        found = self._stat()
        if found is not None and not stat.S_ISLNK(found.st_mode):
            check_regular(found, self._name)
        os.unlink(self._name, dir_fd=self._folder)

    def write(self, content: bytes) -> None:
        """Give the file this content; it is made if it is not there. Raises OSError."""
        with self._opened(os.O_WRONLY) as old:
            if old is not None and os.fstat(old).st_nlink == 1:
                with contextlib.suppress(OSError):
                    if self._replace(content, like=old):
                        return
            if old is not None:
                _overwrite(old, content)
            elif not self._replace(content, like=None):
                self._create(content)

    def open_emptied(self) -> int:
        """Return a descriptor to write the emptied file with; it is made if it is not there. Raises OSError."""
        with self._opened(os.O_WRONLY) as old:
            if old is not None:
                os.ftruncate(old, 0)
                return os.dup(old)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFUL
        return os.open(self._name, flags, _NEW_MODE, dir_fd=self._folder)

    def take_copy(self, source: int, content: bytes) -> None:
        """Put a file here, over one that is here: `content`, and all else as the open `source` has it, if it can be."""
        with self._opened(os.O_WRONLY):
            if self._replace(content, like=source):
                return
        self.write(content)
        with self._opened(os.O_WRONLY) as new:
            if new is not None:
                with contextlib.suppress(OSError):
                    os.fchmod(new, stat.S_IMODE(os.fstat(source).st_mode))

    def take(self, other: Entry, content: bytes, *, changed: bool) -> None:
        """Move a file here, over one that is here, and give it this content. Raises OSError."""
        with other._opened(os.O_RDONLY) as source, self._opened(os.O_WRONLY):
            if source is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), other._name)
            if changed and os.fstat(source).st_nlink == 1 and self._replace(content, like=source):
                other.remove_original()
                return
            if not self._rename_from(other):
                self.take_copy(source, content)
                other.remove_original()
                return
        if changed:
            self.write(content)

    def remove_original(self) -> None:
        """Remove what was copied elsewhere."""
        try:
            self.unlink()
        except OSError as error:
            raise OriginalRemains(error.errno, error.strerror, self._name) from error

    def _rename_from(self, other: Entry) -> bool:
        """Return whether the other name could be made this one: not across file systems."""
        mine, theirs = self._stat(), other._stat()
        if mine and theirs and (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino):
            # Two names of one file: renaming would leave both.
            other.unlink()
            return True
        try:
            os.rename(other._name, self._name, src_dir_fd=other._folder, dst_dir_fd=self._folder)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _replace(self, content: bytes, *, like: int | None) -> bool:
        """Put a complete file here at once, over one that is here; False when that cannot be done in this folder.

        Raises OSError when there is no room for it.
        """
        if not self._replaceable:
            return False
        try:
            with _Draft(self._folder, private=like is not None) as draft:
                _write_all(draft.descriptor, content)
                if like is not None:
                    _copy_metadata(like, draft.descriptor)
                draft.publish(self._name)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise
            return False
        return True

    def _create(self, content: bytes) -> None:
        """Make the file where it can only be made under its own name."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFUL
        new = os.open(self._name, flags, _NEW_MODE, dir_fd=self._folder)
        try:
            _write_all(new, content)
        except OSError:
            os.unlink(self._name, dir_fd=self._folder)
            raise
        finally:
            os.close(new)

    def _stat(self) -> os.stat_result | None:
        try:
            return os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def _opened(self, flags: int) -> Generator[int | None]:
        """Provide a descriptor of the regular file that is here, or None. Raises OSError."""
        # Looked at before, since opening a device may do something, and after, since it may have been replaced.
        found = self._stat()
        if found is None:
            yield None
            return
        check_regular(found, self._name)
        descriptor = os.open(self._name, flags | _CAREFUL, dir_fd=self._folder)
        try:
            check_regular(os.fstat(descriptor), self._name)
            yield descriptor
        finally:
            os.close(descriptor)


class _Draft:
    """A file in a folder that nobody sees until it is complete, if the file system can do that."""

    def __init__(self, folder: int, *, private: bool) -> None:
        self._folder = folder
        self._mode = 0o600 if private else _NEW_MODE
        self._name: str | None = None

    def __enter__(self) -> _Draft:
        try:
            flags = os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC
            self.descriptor = os.open(".", flags, self._mode, dir_fd=self._folder)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise
            self._name = temporary_name()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAREFUL
            self.descriptor = os.open(self._name, flags, self._mode, dir_fd=self._folder)
        return self

    def publish(self, name: str) -> None:
        """Give the file this name, over one that has it."""
        if self._name is None:
            try:
                self._link(name)
            except FileExistsError:
                temporary = temporary_name()
                self._link(temporary)
                self._name = temporary
        if self._name is not None:
            os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._name = None

    def _link(self, name: str) -> None:
        os.link(f"/proc/self/fd/{self.descriptor}", name, dst_dir_fd=self._folder, follow_symlinks=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        if self._name is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._folder)


def temporary_name() -> str:
    """Return a name that no other file has, for as long as it takes to put one in another's place."""
    return f".patch-{secrets.token_hex(8)}"


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _overwrite(descriptor: int, content: bytes) -> None:
    """Write over a file in place. What needs more room comes first: without it, the file stays as it was."""
    size = os.fstat(descriptor).st_size
    try:
        _write_at(descriptor, content, size)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    _write_at(descriptor, content[:size], 0)
    os.ftruncate(descriptor, len(content))


def _write_at(descriptor: int, content: bytes, start: int) -> None:
    rest = memoryview(content)[start:]
    while rest:
        written = os.pwrite(descriptor, rest, start)
        rest, start = rest[written:], start + written


def _copy_metadata(source: int, target: int) -> None:
    """Give `target` mode, owner and extended attributes (access lists among them) of `source`; OSError if it cannot."""
    wanted, found = os.fstat(source), os.fstat(target)
    if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        os.fchown(target, wanted.st_uid, wanted.st_gid)
    _copy_attributes(source, target)
    os.fchmod(target, stat.S_IMODE(wanted.st_mode))


def _copy_attributes(source: int, target: int) -> None:
    wanted, found = _attributes(source), _attributes(target)
    for name in found.keys() - wanted.keys():
        os.removexattr(target, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            os.setxattr(target, name, value)


def _attributes(descriptor: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return {}
        raise
