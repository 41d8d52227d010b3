"""A turn outlives the network: it waits for as long as it takes, and counts no retries."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import trio
from session_lab import Bench, open_session, says
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.engine import events
from codex_trio.model import failures
from codex_trio.model.errors import ModelError

WAITS = (5, 10, 20, 40, 60, 60)
"""Seconds between one try and the next, give or take a tenth."""


@pytest.fixture
def clock() -> MockClock:
    """Stands still, and is set on where time is to pass."""
    return MockClock(rate=0.0)


def offline() -> ModelError:
    return failures.unreachable("http://provider/v1", "Network is unreachable")


async def settled() -> None:
    """Return once nothing more happens without time passing, worker threads included."""
    for _ in range(5):
        await wait_all_tasks_blocked()
        await trio.to_thread.run_sync(time.sleep, 0.01)


async def tries(bench: Bench, number: int) -> list[str]:
    """Return what was told of each failed try, once there are so many, or none came for long."""
    for _ in range(200):
        await settled()
        if len(bench.heard.of(events.ErrorReported)) >= number:
            break
    return [error.failure.message for error in bench.heard.of(events.ErrorReported)]


async def test_a_turn_waits_longer_and_longer_and_goes_on_when_the_network_is_back(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_session(tmp_path, clock, responses=[*(offline() for _ in WAITS), says("back")]) as bench:
        turn = bench.begin("hello")
        for number, wait in enumerate(WAITS, 1):
            assert await tries(bench, number) == ["Reconnecting... waiting for network"] * number
            clock.jump(0.89 * wait)
            assert len(await tries(bench, number)) == number
            clock.jump(0.22 * wait)
        await turn.ended.wait()
        (ended,) = bench.heard.of(events.TurnEnded)
        assert (ended.status, ended.failure) == ("completed", None)
        errors = bench.heard.of(events.ErrorReported)
    assert all(error.will_retry for error in errors)
    assert "Network is unreachable" in errors[0].failure.additional_details


async def test_waiting_for_the_network_uses_up_no_retry(tmp_path: Path, clock: MockClock) -> None:
    broken = failures.disconnected("cut")
    async with open_session(tmp_path, clock, responses=[offline(), broken]) as bench:
        bench.begin("hello")
        await tries(bench, 1)
        clock.jump(6)
        assert await tries(bench, 2) == ["Reconnecting... waiting for network", broken.message]


async def test_a_turn_that_waits_for_the_network_can_be_stopped(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[offline()]) as bench:
        turn = bench.begin("hello")
        await tries(bench, 1)
        answered = trio.Event()
        answered.set()
        await turn.interrupt(answered)
        await turn.ended.wait()
        (ended,) = bench.heard.of(events.TurnEnded)
    assert ended.status == "interrupted"
