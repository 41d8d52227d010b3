"""Waiting for the lock of a file, but not for whoever keeps it: anybody who can read a file can lock it, for long."""

from __future__ import annotations

import fcntl
import time

_PAUSE_SECONDS = 0.01


def lock_within(descriptor: int, *, seconds: float) -> bool:
    """Lock an open file for this process alone, until it is closed; False when others keep it for so long. Blocks."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
