"""Every turn that began ends, and says so, whatever the disk does."""

from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path

import pytest
import trio
from session_lab import NEVER, Bench, open_session, says, told
from trio.testing import MockClock

from codex_trio.engine import events
from codex_trio.engine.tasks.client_turn import INTERRUPT_SECONDS
from codex_trio.engine.tasks.turn import Turn
from codex_trio.state.history.recorder import WRITE_SECONDS

PATIENCE = 10 * NEVER
"""More than the disk takes altogether in any of these tests, by a clock that it sets on."""


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


async def end_of(bench: Bench, turn: Turn) -> events.TurnEnded:
    with trio.fail_after(PATIENCE):
        await turn.ended.wait()
    (told,) = bench.heard.of(events.TurnEnded)
    assert bench.session.active is None
    return told


async def test_a_turn_on_a_slow_disk_takes_its_time_and_completes(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[says("done")]) as bench:
        bench.disk.delay = lambda _: 10.0
        ended = await end_of(bench, bench.begin("hello"))
    assert (ended.status, ended.failure) == ("completed", None)
    assert '"task_complete"' in bench.lines.text


@pytest.mark.parametrize("line", ["task_started", "UserMessage", "AgentMessage", "task_complete"])
async def test_a_turn_whose_disk_never_answers_fails_and_says_why(tmp_path: Path, clock: MockClock, line: str) -> None:
    async with open_session(tmp_path, clock, responses=[says("done"), says("again")]) as bench:
        bench.disk.delay = lambda data: math.inf if line.encode() in data else 0.0
        ended = await end_of(bench, bench.begin("hello"))
        assert ended.status == "failed"
        assert ended.failure is not None
        assert f"could not be written within {WRITE_SECONDS:.0f} seconds" in ended.failure.message

        # The disk is well again: so is the thread.
        bench.disk.delay = lambda _: 0.0
        bench.heard.events.clear()
        ended = await end_of(bench, bench.begin("once more"))
    assert (ended.status, ended.failure) == ("completed", None)


async def test_a_stopped_turn_on_a_slow_disk_is_answered_for_soon_and_ends_in_its_time(
    tmp_path: Path, clock: MockClock
) -> None:
    async with open_session(tmp_path, clock, responses=[]) as bench:
        turn = bench.begin("hello")
        await turn.stored.wait()
        bench.disk.delay = lambda _: 10.0
        with trio.fail_after(2 * INTERRUPT_SECONDS):
            await turn.interrupt(told())
        assert not turn.ended.is_set()
        ended = await end_of(bench, turn)
    assert ended.status == "interrupted"
    assert '"turn_aborted"' in bench.lines.text
    assert not bench.heard.of(events.ThreadWarning)


async def test_a_stopped_turn_whose_disk_never_answers_ends_and_warns(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[]) as bench:
        turn = bench.begin("hello")
        await turn.stored.wait()
        bench.disk.delay = lambda _: math.inf
        await turn.interrupt(told())
        ended = await end_of(bench, turn)
        (warning,) = bench.heard.of(events.ThreadWarning)
    assert ended.status == "interrupted"
    assert "could not be stored" in warning.message


async def test_a_turn_that_is_cut_short_with_its_thread_says_so(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[]) as bench:
        turn = bench.begin("hello")
        await turn.stored.wait()
    ended = await end_of(bench, turn)
    assert ended.status == "interrupted"
    assert '"turn_aborted"' in bench.lines.text


@pytest.mark.parametrize("is_stopped", [False, True], ids=["completed", "stopped"])
async def test_a_turn_that_has_ended_goes_at_once_with_all_that_it_did(
    tmp_path: Path, clock: MockClock, *, is_stopped: bool
) -> None:
    async with open_session(tmp_path, clock, responses=[] if is_stopped else [says("done")]) as bench:
        gc.disable()
        try:
            turn = bench.begin("hello")
            await turn.stored.wait()
            if is_stopped:
                await turn.interrupt(told())
            await end_of(bench, turn)
            left = weakref.ref(turn)
            del turn
            with trio.fail_after(PATIENCE):
                while left() is not None:
                    await trio.lowlevel.checkpoint()
        finally:
            gc.enable()
