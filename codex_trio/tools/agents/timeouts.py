"""How long an agent may wait for others at once."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_MS = 30_000
MIN_MS = 10_000
MAX_MS = 3_600_000


class Timeout(NamedTuple):
    """The time to wait, and what the model is told of it when it is another one than it asked for."""

    seconds: float
    notice: str | None


def timeout(asked_ms: float | None) -> Timeout:
    """Return the time that is waited."""
    if asked_ms is None:
        return Timeout(DEFAULT_MS / 1000, None)
    limit, name = (MIN_MS, "minimum") if asked_ms < MIN_MS else (MAX_MS, "maximum")
    if MIN_MS <= asked_ms <= MAX_MS:
        return Timeout(asked_ms / 1000, None)
    return Timeout(limit / 1000, f"Requested timeout of {asked_ms:g}ms was clamped to the {name} of {limit}ms.")
