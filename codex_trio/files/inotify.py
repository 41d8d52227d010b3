"""What the kernel tells of changes in folders: one inotify instance, under Trio.

Owns the system calls and the form of what is read. Does not own what the changes mean (`watches.py`).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import trio

MODIFY = 0x2
ATTRIB = 0x4
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
UNMOUNT = 0x2000
OVERFLOW = 0x4000
IGNORED = 0x8000
_ONLY_FOLDERS = 0x0100_0000
_AND_BEFORE = 0x2000_0000
_CLOEXEC = 0o2000000
_NONBLOCK = 0o4000

NAMES = MOVED_FROM | MOVED_TO | CREATE | DELETE
"""Which names a folder has."""
WHOLE = NAMES | MODIFY | ATTRIB | DELETE_SELF | MOVE_SELF
"""The same, what the files of these names hold, and what becomes of the folder."""

_HEADER = struct.Struct("iIII")
_READ_BYTES = 16 * 1024
"""So much is looked at before others have their turn: some hundred events, less than a millisecond."""


class FolderEvent(msgspec.Struct, frozen=True):
    """A change in the folder that is known as `wd`; `name` is empty when the folder itself is meant."""

    wd: int
    mask: int
    name: str


def parse_events(data: bytes) -> Iterator[FolderEvent]:
    """Return what one read gave."""
    position = 0
    while position < len(data):
        wd, mask, _, length = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        name = data[position : position + length].rstrip(b"\0")
        position += length
        yield FolderEvent(wd, mask, os.fsdecode(name))


class Inotify:
    """An open instance. Raises OSError where there can be none more."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = int(self._call("inotify_init1", _CLOEXEC | _NONBLOCK))

    def add(self, folder: str, mask: int) -> int:
        """Have changes in a folder told as well; return what it is known as. For any thread. Raises OSError."""
        return self._call(
            "inotify_add_watch", self._descriptor, os.fsencode(folder), mask | _ONLY_FOLDERS | _AND_BEFORE
        )

    def remove(self, wd: int) -> None:
        """Have changes in a folder told no more; nothing happens when it is gone."""
        try:
            self._call("inotify_rm_watch", self._descriptor, wd)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise

    async def read(self) -> list[FolderEvent]:
        """Wait for changes and return them, in the order in which they were made.

        Raises trio.ClosedResourceError.
        """
        while True:
            await trio.lowlevel.wait_readable(self._descriptor)
            if self._descriptor < 0:
                # Closed after it became readable, before this task came to run.
                raise trio.ClosedResourceError
            try:
                return list(parse_events(os.read(self._descriptor, _READ_BYTES)))
            except BlockingIOError:
                continue

    def close(self) -> None:
        """End it: nothing is told any more."""
        descriptor, self._descriptor = self._descriptor, -1
        trio.lowlevel.notify_closing(descriptor)
        os.close(descriptor)

    def _call(self, name: str, *arguments: object) -> int:
        function: Callable[..., Any] = getattr(self._library, name)
        result = int(function(*arguments))
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result
