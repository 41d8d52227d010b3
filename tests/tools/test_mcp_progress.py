"""What users are told of how far a call is."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from codex_trio.tools.mcp_progress import PAUSE_SECONDS, CallProgress


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"progress": 1, "total": 4, "message": "halfway"}, ["halfway"]),
        ({"progress": 1, "total": 4}, ["1 of 4"]),
        ({"progress": 0.5}, ["0.5"]),
        ({"progress": 2, "total": "many", "message": " "}, ["2"]),
        ({"progress": True}, []),
        ({"progress": "1"}, []),
        ({}, []),
        ({"message": "x" * 10_000}, ["x" * 2000]),
    ],
)
async def test_a_server_says_it_in_words_or_in_numbers(params: dict[str, Any], told: list[str]) -> None:
    said: list[str] = []
    CallProgress(said.append).take(params)
    assert said == told


async def test_a_server_that_tells_very_much_is_passed_on_now_and_then(autojump_clock: MockClock) -> None:
    said: list[str] = []
    progress = CallProgress(said.append)
    for number in range(1000):
        progress.take({"progress": number})
    await trio.sleep(PAUSE_SECONDS)
    progress.take({"progress": 1000})
    assert said == ["0", "1000"]
