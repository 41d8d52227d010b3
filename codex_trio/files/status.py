"""What Linux tells of a file and Python does not: when it was made, its mount, and the kind of its file system."""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

_HERE = -100  # AT_FDCWD
_OF_THE_DESCRIPTOR = 0x1000  # AT_EMPTY_PATH
_AS_CACHED = 0x4000  # AT_STATX_DONT_SYNC
_BASIC, _BIRTH_TIME, _UNIQUE_MOUNT = 0x7FF, 0x800, 0x4000
# mask, mode, size, birth and modification (seconds, nanoseconds), mount
_STATX = struct.Struct("=I24xH10xQ32xqI4x16xqI4x16xQ104x")


class Status(NamedTuple):
    """Times are Unix milliseconds; `born_ms` of 0 is not known."""

    mode: int
    size: int
    born_ms: int
    modified_ms: int
    mount: int | None
    """Its mount's id, which no other mount has had or will have; None where the kernel has none (before 6.8)."""


def status(path: str) -> Status | None:
    """Return what is at `path`, links followed; None where nothing is, or the C library cannot say. Blocking."""
    return _status(_HERE, os.fsencode(path), 0)


def status_as_cached(descriptor: int) -> Status | None:
    """Return what the kernel knows of an open file without asking another machine or program."""
    return _status(descriptor, b"", _OF_THE_DESCRIPTOR | _AS_CACHED)


def file_system_kind(path: str) -> int | None:
    """Return the magic number of the file system that `path` is on; None where nothing is. Blocking."""
    buffer = ctypes.create_string_buffer(512)
    if libc().statfs(os.fsencode(path), buffer) != 0:
        return None
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF


def _status(folder: int, path: bytes, flags: int) -> Status | None:
    statx = _statx()
    found = ctypes.create_string_buffer(_STATX.size)
    if statx is None or statx(folder, path, flags, _BASIC | _BIRTH_TIME | _UNIQUE_MOUNT, found) != 0:
        return None
    mask, mode, size, born, born_ns, modified, modified_ns, mount = _STATX.unpack(found)
    return Status(
        mode,
        size,
        born * 1000 + born_ns // 1_000_000 if mask & _BIRTH_TIME else 0,
        modified * 1000 + modified_ns // 1_000_000,
        mount if mask & _UNIQUE_MOUNT else None,
    )


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library."""
    return ctypes.CDLL(None)


@functools.cache
def _statx() -> Callable[..., Any] | None:
    """Return the function of the C library; None where it has none."""
    return getattr(libc(), "statx", None)
