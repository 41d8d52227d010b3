"""Usage limits as providers report them."""

from __future__ import annotations

import pytest

from codex_trio.model.limits import RateLimitWindow, from_event, from_headers

HUGE = 1 << 63


@pytest.mark.parametrize(
    ("used", "minutes", "reset", "window"),
    [
        ("50", "300", "1800000000", RateLimitWindow(used_percent=50, window_minutes=300, resets_at=1_800_000_000)),
        ("50", str(HUGE), "9" * 400, RateLimitWindow(used_percent=50, window_minutes=None, resets_at=None)),
        ("1e308", "300", "1", None),
        ("nan", "300", "1", None),
    ],
)
def test_numbers_that_no_client_could_be_told_are_none(
    used: str, minutes: str, reset: str, window: RateLimitWindow | None
) -> None:
    prefix = "x-codex-primary"
    headers = {f"{prefix}-used-percent": used, f"{prefix}-window-minutes": minutes, f"{prefix}-reset-at": reset}
    assert from_headers(headers)[0].primary == window


def test_the_same_holds_for_those_of_events() -> None:
    said = {"used_percent": 5, "window_minutes": HUGE, "reset_at": -HUGE - 1}
    found = from_event({"primary": said, "secondary": {"used_percent": 1e308}}, None, None)
    assert found is not None
    assert found.primary == RateLimitWindow(used_percent=5, window_minutes=None, resets_at=None)
    assert found.secondary is None
