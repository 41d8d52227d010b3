"""How long a call waits for a command that may outlive it, and what it learns of it meanwhile."""

from collections.abc import Awaitable, Callable

import msgspec

EXEC_YIELD_MS = 10_000
WRITE_YIELD_MS = 250
MAX_POLL_MS = 300_000

_MIN_YIELD_MS, _MAX_YIELD_MS = 250, 30_000
_MIN_POLL_MS = 5_000

OnOutput = Callable[[str], Awaitable[None]]
"""Given each piece of text, at most 8192 bytes of UTF-8; while it waits, the process's output waits too."""


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What one call learned of a session."""

    output: str
    """New since the last call; beyond 1 MiB its middle is left out."""
    exit_code: int | None
    """None while the session runs."""
    session_id: int | None
    """None when the session has ended and is forgotten."""
    wall_seconds: float
    """How long the call waited."""


def exec_yield_ms(requested: int | None) -> int:
    """Return how long a call that starts a command waits for it."""
    return min(max(EXEC_YIELD_MS if requested is None else requested, _MIN_YIELD_MS), _MAX_YIELD_MS)


def write_yield_ms(requested: int | None, *, chars: str, max_poll_ms: int = MAX_POLL_MS) -> int:
    """Return how long a call that sends `chars` waits for an answer. Without any it is a poll, which may wait longer.

    `max_poll_ms` is the configured `background_terminal_max_timeout`.
    """
    wanted = WRITE_YIELD_MS if requested is None else requested
    if chars:
        return min(max(wanted, _MIN_YIELD_MS), _MAX_YIELD_MS)
    return min(max(wanted, _MIN_POLL_MS), max(max_poll_ms, _MIN_POLL_MS))
