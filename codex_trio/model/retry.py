"""How long to wait before a request is repeated.

Owns: the backoff, and reading a provider's wishes from headers and texts.
Does not own: whether to repeat (`ModelError.retryable`), or the repeating: the client repeats single requests in
silence, the engine repeats whole responses and says so.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping

from codex_trio.model.errors import ModelError

BASE_DELAY = 0.2
"""Seconds before the first repeat; each further one waits twice as long."""

OFFLINE_DELAY = 5.0
"""Seconds before a provider that was not reached is tried again; each further time waits twice as long."""

MAX_DELAY = 60.0
"""No backoff grows beyond this many seconds."""

MAX_RETRY_AFTER = 600.0
"""A provider that asks for a longer wait (in seconds) is not asked again: the user should decide."""

_TRY_AGAIN = re.compile(
    r"(?:try again in|retry after)\s*(\d{1,15}(?:\.\d{1,9})?)\s*(ms|milliseconds?|s|seconds?)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_IN_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
"""Headers of OpenAI's and Azure's that say it more exactly."""


def backoff(attempt: int, *, chance: Callable[[], float] = random.random) -> float:
    """Return seconds to wait before repeat number `attempt` (from 1): exponential, give or take a tenth."""
    delay = min(BASE_DELAY * 2 ** min(attempt - 1, 30), MAX_DELAY)
    return delay * (0.9 + 0.2 * chance())


def stream_delay(attempt: int, error: ModelError, *, chance: Callable[[], float] = random.random) -> float:
    """Return seconds to wait before a whole response is asked for again, after `error`, for the `attempt`th time (from
    1).
    """
    return error.retry_after if error.retry_after is not None else backoff(attempt, chance=chance)


def offline_delay(attempt: int, *, chance: Callable[[], float] = random.random) -> float:
    """Return seconds to wait for the network for the `attempt`th time (from 1): 5, 10, 20, 40, and then
    a minute each.
    """
    delay = min(OFFLINE_DELAY * 2 ** min(attempt - 1, 30), MAX_DELAY)
    return delay * (0.9 + 0.2 * chance())


def is_bearable(wait: float | None) -> bool:
    """Return whether a wait (in seconds, None for none asked for) is short enough to repeat a request by itself after
    it.
    """
    return wait is None or wait <= MAX_RETRY_AFTER


def delay_in_text(text: str) -> float | None:
    """Return the seconds in a text like "Please try again in 1.5s"; None without any."""
    match = _TRY_AGAIN.search(text)
    if match is None:
        return None
    amount = float(match[1])
    return amount / 1000 if match[2].lower().startswith("m") else amount


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a header asks to wait, as a number (of milliseconds too) or as a date; None without one.

    Of one that came several times the longest counts.
    """
    exact = [_amounts(headers.get(name, "")) for name in _IN_MILLISECONDS]
    waits = [milliseconds / 1000 for amounts in exact for milliseconds in amounts]
    value = headers.get("retry-after", "").strip()
    waits = waits or _amounts(value)
    return max(waits) if waits else _until(value)


def _amounts(value: str) -> list[float]:
    parts = [part.strip() for part in value.split(",")]
    return [float(part) for part in parts if _NUMBER.fullmatch(part)]


def _until(value: str) -> float | None:
    """Return the seconds until a date; None for what is none."""
    if not value:
        return None
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(moment - time.time(), 0.0)
