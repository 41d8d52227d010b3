"""When a file was made, which Python does not tell on Linux."""

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

_HERE = -100  # AT_FDCWD
_BIRTH_TIME = 0x800
_MASK = slice(0, 4)
_SECONDS, _NANOSECONDS = slice(80, 88), slice(88, 92)


def birth_ms(path: str) -> int:
    """Return the birth time of what is at `path`, links followed, in Unix milliseconds; 0 where the file system has
    none.
    """
    statx = _statx()
    found = ctypes.create_string_buffer(256)
    if statx is None or statx(_HERE, os.fsencode(path), 0, _BIRTH_TIME, found) != 0:
        return 0
    raw = found.raw
    if not int.from_bytes(raw[_MASK], sys.byteorder) & _BIRTH_TIME:
        return 0
    seconds = int.from_bytes(raw[_SECONDS], sys.byteorder, signed=True)
    return seconds * 1000 + int.from_bytes(raw[_NANOSECONDS], sys.byteorder) // 1_000_000


@functools.cache
def _statx() -> Callable[..., Any] | None:
    """Return the function of the C library; None where it has none."""
    return getattr(ctypes.CDLL(None), "statx", None)
