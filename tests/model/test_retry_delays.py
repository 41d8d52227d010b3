"""How long users wait before a request is repeated."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_trio.model import retry
from codex_trio.model.errors import ModelError


def test_waits_double_from_a_fifth_of_a_second():
    assert [retry.backoff(n, chance=lambda: 0.5) for n in (1, 2, 3, 4, 5)] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2])


def test_waits_vary_by_a_tenth_and_have_an_end():
    assert retry.backoff(1, chance=lambda: 0.0) == pytest.approx(0.18)
    assert retry.backoff(1, chance=lambda: 1.0) == pytest.approx(0.22)
    assert retry.backoff(100, chance=lambda: 0.5) == pytest.approx(retry.MAX_DELAY)


def test_the_providers_wish_goes_before_the_backoff():
    assert retry.stream_delay(1, ModelError("x", retry_after=7.5)) == 7.5
    assert retry.stream_delay(2, ModelError("x"), chance=lambda: 0.5) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 300ms.", 0.3),
        ("try again in 1 seconds", 1.0),
        ("Try again in 1.5 s", 1.5),
        ("Rate limit. Please try again in 11.054s.", 11.054),
        ("try again in 1m2s", None),
        ("nothing here", None),
        ("Requests have exceeded the limit. Please retry after 26 seconds.", 26.0),
        ("Retry after 200 milliseconds", 0.2),
        (f"try again in {'9' * 400}s", None),
    ],
)
def test_a_wait_is_read_from_a_text(text: str, seconds: float | None):
    assert retry.delay_in_text(text) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("3, 7", 7.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e3", None),
        ("inf", None),
        ("9" * 400, None),
        ("٣", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
        ("Mon, 31 Feb 2026 00:00:00 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_a_wait_is_read_from_a_header(value: str, seconds: float | None):
    assert retry.retry_after({"retry-after": value}) == seconds


@pytest.mark.parametrize("name", ["retry-after-ms", "x-ms-retry-after-ms"])
@pytest.mark.parametrize(("value", "seconds"), [("1500", 1.5), ("0", 0.0), ("20, 30", 0.03), ("soon", 9.0), ("", 9.0)])
def test_a_wait_in_milliseconds_is_more_exact(name: str, value: str, seconds: float):
    assert retry.retry_after({"retry-after": "9", name: value}) == seconds


@given(value=st.text(max_size=40) | st.text("MonFebGMT0123456789 ,:+-.", max_size=40))
def test_no_header_can_break_the_reader(value: str):
    for name in ("retry-after", "retry-after-ms"):
        wait = retry.retry_after({name: value})
        assert wait is None or wait >= 0


def test_a_wait_can_be_given_as_a_date():
    assert retry.retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)}) == pytest.approx(60, abs=5)
    assert retry.retry_after({"retry-after": formatdate(0, usegmt=True)}) == 0.0
