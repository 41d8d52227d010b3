"""Usage limits as a provider reports them in the headers of a response, or in an event of it.

Owns: the snapshot value, its JSON form, and reading it. Does not own: the texts for a limit that is
reached (`failures`), or when clients hear of limits (the engine).

Protocol source: headers `x-codex-[<family>-](primary|secondary)-(used-percent|window-minutes|reset-at)`,
`x-codex-[<family>-]limit-name`, `x-codex-credits-(has-credits|unlimited|balance)` of release 0.169.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

DEFAULT_LIMIT_ID = "codex"

REACHED_TYPES = frozenset(
    {
        "rate_limit_reached",
        "workspace_owner_credits_depleted",
        "workspace_member_credits_depleted",
        "workspace_owner_usage_limit_reached",
        "workspace_member_usage_limit_reached",
    }
)
"""What a provider may say of why a limit is reached; anything else is as good as nothing."""

_MOST_PERCENT = (1 << 31) - 1
_MOST = (1 << 63) - 1
"""What clients can be told: other numbers mean nothing."""

_FAMILY_HEADER = re.compile(r"x-(codex(?:-[a-z0-9-]+)?)-(?:primary|secondary)-used-percent")


class RateLimitWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One window of a limit. `resets_at` is in Unix seconds; clients are shown the percentage rounded."""

    used_percent: float
    window_minutes: int | None
    resets_at: int | None


class Credits(msgspec.Struct, frozen=True, kw_only=True):
    """Credits beyond the plan's limits; the balance is text, as the provider formats it."""

    has_credits: bool
    unlimited: bool
    balance: str | None


class RateLimitSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one family of limits. Field order is that of a rollout's `rate_limits`."""

    limit_id: str | None = DEFAULT_LIMIT_ID
    limit_name: str | None = None
    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    credits: Credits | None = None
    individual_limit: Any = None
    spend_control_reached: bool | None = None
    plan_type: str | None = None
    rate_limit_reached_type: str | None = None

    def to_rollout(self) -> dict[str, Any]:
        """Return the JSON form that rollout lines hold (`token_count.rate_limits`)."""
        return msgspec.to_builtins(self)


def from_headers(headers: Mapping[str, str]) -> tuple[RateLimitSnapshot, ...]:
    """Return the limits in a response's headers (names in lower case): the default family first, others by name.

    There is always the default family, empty when the provider says nothing of it.
    """
    families = {match[1] for name in headers if (match := _FAMILY_HEADER.fullmatch(name))} - {DEFAULT_LIMIT_ID}
    credits = _credits(headers)
    return tuple(_family(headers, name, credits) for name in (DEFAULT_LIMIT_ID, *sorted(families)))


def from_event(windows: Any, credits: Any, name: Any) -> RateLimitSnapshot | None:
    """Return the limits in an event of a response; None where it says nothing of any."""
    if not isinstance(windows, dict):
        return None
    told = cast("dict[str, Any]", windows)
    balance = cast("dict[str, Any]", credits) if isinstance(credits, dict) else {}
    family = name.strip().lower().replace("-", "_") if isinstance(name, str) else ""
    has_credits, unlimited = balance.get("has_credits"), balance.get("unlimited")
    left = balance.get("balance")
    return RateLimitSnapshot(
        limit_id=family or DEFAULT_LIMIT_ID,
        primary=_told_window(told.get("primary")),
        secondary=_told_window(told.get("secondary")),
        credits=Credits(
            has_credits=has_credits, unlimited=unlimited, balance=None if left is None else str(left).strip() or None
        )
        if isinstance(has_credits, bool) and isinstance(unlimited, bool)
        else None,
    )


def _told_window(said: Any) -> RateLimitWindow | None:
    window = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    used = window.get("used_percent")
    if isinstance(used, bool) or not isinstance(used, int | float) or not _is_percentage(used):
        return None
    return RateLimitWindow(
        used_percent=float(used),
        window_minutes=_whole(window.get("window_minutes")),
        resets_at=_whole(window.get("reset_at")),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST else None


def _is_percentage(used: float) -> bool:
    return math.isfinite(used) and abs(used) <= _MOST_PERCENT


def reached(headers: Mapping[str, str]) -> RateLimitSnapshot:
    """Return the limit that a refused request ran into, named by `x-codex-active-limit`."""
    active = headers.get("x-codex-active-limit") or DEFAULT_LIMIT_ID
    snapshot = _family(headers, active.strip().lower().replace("_", "-"), _credits(headers))
    kind = headers.get("x-codex-rate-limit-reached-type")
    return msgspec.structs.replace(snapshot, rate_limit_reached_type=kind if kind in REACHED_TYPES else None)


def _family(headers: Mapping[str, str], family: str, credits: Credits | None) -> RateLimitSnapshot:
    prefix = f"x-{family}"
    return RateLimitSnapshot(
        limit_id=family.replace("-", "_"),
        limit_name=headers.get(f"{prefix}-limit-name", "").strip() or None,
        primary=_window(headers, f"{prefix}-primary"),
        secondary=_window(headers, f"{prefix}-secondary"),
        credits=credits,
    )


def _window(headers: Mapping[str, str], prefix: str) -> RateLimitWindow | None:
    try:
        used = float(headers[f"{prefix}-used-percent"])
    except (KeyError, ValueError):
        return None
    minutes = _integer(headers.get(f"{prefix}-window-minutes"))
    resets_at = _integer(headers.get(f"{prefix}-reset-at"))
    # A window of no use, length or end is how a provider says that there is none.
    if not _is_percentage(used) or not (used or minutes or resets_at):
        return None
    return RateLimitWindow(used_percent=used, window_minutes=minutes, resets_at=resets_at)


def _credits(headers: Mapping[str, str]) -> Credits | None:
    has_credits = _boolean(headers.get("x-codex-credits-has-credits"))
    unlimited = _boolean(headers.get("x-codex-credits-unlimited"))
    if has_credits is None or unlimited is None:
        return None
    balance = headers.get("x-codex-credits-balance", "").strip() or None
    return Credits(has_credits=has_credits, unlimited=unlimited, balance=balance)


def _integer(text: str | None) -> int | None:
    try:
        return _whole(int(text)) if text is not None else None
    except ValueError:
        return None


def _boolean(text: str | None) -> bool | None:
    match (text or "").strip().lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            return None
