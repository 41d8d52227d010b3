"""What can be told of a path without waiting: of file systems of this machine, from the caches of the kernel.

A thread costs several times as much as such an answer. Owns knowing beforehand that none is waited for: paths are
looked up in the cache alone, nothing is opened before it is known to be a regular file of a local file system, and
only what is in memory is read. Whatever would need more is None here, errors too: to be asked for in a thread.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Generator

from codex_trio.files.status import Status, file_system_kind, libc, status, status_as_cached

MOST_BYTES = 64 * 1024
"""More takes longer than a thread costs."""

_MOST_MOUNTS = 1000
# ext, XFS, Btrfs, F2FS, Bcachefs, ZFS, overlay
_LOCAL = frozenset((0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0xCA451A4E, 0x2FC12FC1, 0x794C7630))

_SYS_OPENAT2 = 437
_HERE = -100  # AT_FDCWD
_FROM_CACHE = 0x20  # RESOLVE_CACHED, Linux 5.12
_OPEN_HOW = struct.Struct("QQQ")
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class AtOnce:
    """Knows, of mounts that it was told of, whether they are local."""

    def __init__(self) -> None:
        self._local: dict[int, bool] = {}

    def learn(self, path: str) -> None:
        """Remember what kind of mount `path` is on. Blocking."""
        found = status(path)
        if found is not None and found.mount is not None and found.mount not in self._local:
            kind = file_system_kind(path)
            if len(self._local) >= _MOST_MOUNTS:
                self._local.clear()
            self._local[found.mount] = kind in _LOCAL

    def status(self, path: str) -> Status | None:
        """Return what is at an absolute path, if it is no link."""
        with _found(path, follow=False) as descriptor:
            found = None if descriptor is None else self._local_status(descriptor)
        return found if found is not None and not stat.S_ISLNK(found.mode) else None

    def read(self, path: str, *, limit: int) -> bytes | None:
        """Return all bytes of a small regular file at an absolute path; None for more than `limit`."""
        with _found(path, follow=True) as descriptor:
            if descriptor is None:
                return None
            found = self._local_status(descriptor)
            if found is None or not stat.S_ISREG(found.mode) or found.size > min(limit, MOST_BYTES):
                return None
            return _read(descriptor, found.size)

    def _local_status(self, descriptor: int) -> Status | None:
        found = status_as_cached(descriptor)
        return found if found is not None and found.mount is not None and self._local.get(found.mount) else None


@contextlib.contextmanager
def _found(path: str, *, follow: bool) -> Generator[int | None]:
    """Provide a descriptor that names what is at a path and does nothing to it."""
    flags = os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    how = _OPEN_HOW.pack(flags, 0, _FROM_CACHE)
    descriptor: int = -1 if "\0" in path else libc().syscall(_SYS_OPENAT2, _HERE, os.fsencode(path), how, len(how))
    if descriptor < 0:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int) -> bytes | None:
    # One byte more shows whether the file has grown.
    content = bytearray(size + 1)
    try:
        file = os.open(f"/proc/self/fd/{descriptor}", _FLAGS)
        try:
            count = os.preadv(file, [content], 0, os.RWF_NOWAIT)
        finally:
            os.close(file)
    except OSError:
        return None
    return bytes(content[:size]) if count == size else None
