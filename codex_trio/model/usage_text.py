"""What a user is told who has used up a plan's allowance.

Owns: the texts for refused requests of type `usage_limit_reached`, and their times.
Does not own: recognising such a refusal (`failures`).

The texts are those of release 0.169.0, typographic apostrophe included: clients show them and look for them.
"""

from __future__ import annotations

import time

from codex_trio.model.limits import RateLimitSnapshot

_USAGE_PAGE = "https://chatgpt.com/settings/usage"

NOT_INCLUDED = "To use Codex with your ChatGPT plan, upgrade to Plus: https://chatgpt.com/explore/plus."

_WORKSPACE_TEXTS = {
    "workspace_owner_credits_depleted": "Your workspace is out of credits. Add credits to continue.",
    "workspace_member_credits_depleted": (
        "Your workspace is out of credits. Ask your workspace owner to refill in order to continue."
    ),
    "workspace_owner_usage_limit_reached": (
        "You hit your spend cap set in your workspace. Increase your spend cap to continue."
    ),
    "workspace_member_usage_limit_reached": (
        "You hit your spend cap set by the owner of your workspace."
        " Ask an owner to increase your spend cap to continue."
    ),
}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_UPGRADE_TO_PLUS = "Upgrade to Plus to continue using Codex (https://chatgpt.com/explore/plus), or "
_ASK_ADMIN = "To get more access now, send a request to your admin or "
_BUY_CREDITS = f"Visit {_USAGE_PAGE} to purchase more credits or "
_WAYS_OUT = {
    "free": _UPGRADE_TO_PLUS,
    "go": _UPGRADE_TO_PLUS,
    "plus": (f"Upgrade to Pro (https://chatgpt.com/explore/pro), visit {_USAGE_PAGE} to purchase more credits or "),
    "pro": _BUY_CREDITS,
    "prolite": _BUY_CREDITS,
    "team": _ASK_ADMIN,
    "business": _ASK_ADMIN,
    "self_serve_business_usage_based": _ASK_ADMIN,
}


def limit_reached(
    limits: RateLimitSnapshot, *, plan: str | None, resets_at: float | None, promotion: str | None, now: float
) -> str:
    """Return the text for a used up allowance.

    `resets_at` and `now` are in Unix seconds; times are told in local time.
    """
    moment = None if resets_at is None else _moment(resets_at, now)
    again = "try again later." if moment is None else f"try again at {moment}."
    if limits.limit_name and limits.limit_name != "codex":
        return f"You’ve hit your usage limit for {limits.limit_name}. Switch to another model now, or {again}"  # noqa: RUF001
    if text := _WORKSPACE_TEXTS.get(limits.rate_limit_reached_type or ""):
        return text
    if promotion:
        return f"You’ve hit your usage limit. {promotion}, or {again}"  # noqa: RUF001
    way_out = _WAYS_OUT.get(plan or "")
    return f"You’ve hit your usage limit. {way_out + again if way_out else 'T' + again[1:]}"  # noqa: RUF001


def _moment(at: float, now: float) -> str | None:
    """Return a time of today as `1:34 PM`, another as `May 18th, 2033 3:33 AM`; None for one that is no time."""
    try:
        then, today = time.localtime(at), time.localtime(now)
    except (OverflowError, ValueError, OSError):
        return None
    clock = f"{then.tm_hour % 12 or 12}:{then.tm_min:02} {'AM' if then.tm_hour < 12 else 'PM'}"
    if (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday):
        return clock
    day = then.tm_mday
    suffix = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{_MONTHS[then.tm_mon - 1]} {day}{suffix}, {then.tm_year} {clock}"
