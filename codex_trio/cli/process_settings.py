"""Settings of the whole process, which only its command line may make: how threads take turns, and free memory."""

from __future__ import annotations

import contextlib
import gc
import sys
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

_SWITCH_SECONDS = 0.0005
"""How soon a worker thread lets the event loop run; Python's own 5 ms would be felt in every answer."""

_DELAY_SECONDS = 0.25
"""The start of a server is for its first client."""


def share_the_interpreter() -> None:
    """Let the event loop run soon whenever it wants to, while threads work for it."""
    sys.setswitchinterval(_SWITCH_SECONDS)


def keep_what_is_loaded() -> None:
    """Have what is there now, nearly all of it modules, never looked at again for garbage."""
    gc.freeze()


async def keep_small() -> None:
    """Make the allocator give back what is free; where there is no such setting everything stays as it is."""
    await trio.sleep(_DELAY_SECONDS)
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_MMAP_THRESHOLD, _BIG_BYTES)
