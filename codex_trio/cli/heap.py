"""Giving memory back to the system once it is not needed any more.

Owns the settings of the C library's allocator, which are the process's: so only its command line may make them.
"""

from __future__ import annotations

import contextlib
from typing import Final

import trio

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""mallopt(3)."""

_BIG_BYTES = 256 << 10
"""A block of that size is given back as soon as it is free."""

_KEPT_BYTES = 1 << 20
"""What may be kept of the free memory at the heap's end. Left alone, glibc keeps twice as much as the largest block
that was ever freed: ten megabytes and more, for the rest of the server's life."""

_DELAY_SECONDS = 0.25
"""The start of a server is for its first client."""


async def keep_small() -> None:
    """Makes the allocator give back what is free; where there is no such setting everything stays as it is."""
    await trio.sleep(_DELAY_SECONDS)
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_MMAP_THRESHOLD, _BIG_BYTES)
