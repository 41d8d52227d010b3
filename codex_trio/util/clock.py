"""The wall clock."""

import time


def now_ms() -> int:
    """Return the time now, in Unix milliseconds."""
    return time.time_ns() // 1_000_000
