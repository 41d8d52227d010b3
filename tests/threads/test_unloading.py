"""A loaded thread that nobody follows, and that does nothing, is unloaded in its time; until then nothing is done."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio
from thread_lab import CLIENT, Lab, open_threads
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.threads.facts import NOT_LOADED
from codex_trio.threads.hosting import UNLOAD_SECONDS
from codex_trio.threads.live import LiveThread
from codex_trio.threads.manager import ResumeTarget, ThreadOrigin
from codex_trio.threads.options import ThreadOptions

ORIGIN = ThreadOrigin(subscriber=CLIENT, originator="test", source="vscode")


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


@pytest.fixture
async def lab(tmp_path: Path, clock: MockClock) -> AsyncGenerator[Lab]:
    async with open_threads(tmp_path, patience=100 * UNLOAD_SECONDS) as lab:
        yield lab


async def pass_time(clock: MockClock, seconds: float) -> None:
    """Let what is due in that time be done."""
    await wait_all_tasks_blocked()
    clock.jump(seconds)
    await wait_all_tasks_blocked()


async def until_closed(live: LiveThread) -> None:
    with trio.fail_after(60):
        await live.closed.wait()
    await wait_all_tasks_blocked()


async def test_a_thread_that_nobody_follows_is_unloaded_and_everybody_told(lab: Lab, clock: MockClock) -> None:
    live, other = await lab.start(), await lab.start()
    await pass_time(clock, 10 * UNLOAD_SECONDS)
    assert live.unsubscribe(CLIENT)
    await pass_time(clock, UNLOAD_SECONDS / 2)
    assert lab.loaded.ids == [live.id, other.id]
    await pass_time(clock, UNLOAD_SECONDS)
    await until_closed(live)
    assert lab.loaded.ids == [other.id]
    assert lab.clients.of("unloaded") == [live.id]
    assert lab.clients.of("status")[-1] == NOT_LOADED


async def test_who_comes_back_finds_the_thread_loaded_and_its_time_begins_anew(lab: Lab, clock: MockClock) -> None:
    live = await lab.start()
    live.unsubscribe(CLIENT)
    await pass_time(clock, 0.75 * UNLOAD_SECONDS)
    live.subscribe(CLIENT)
    await pass_time(clock, 10 * UNLOAD_SECONDS)
    live.unsubscribe(CLIENT)
    await pass_time(clock, 0.75 * UNLOAD_SECONDS)
    assert lab.loaded.find(live.id) is live
    await pass_time(clock, UNLOAD_SECONDS)
    await until_closed(live)


async def test_a_turn_that_nobody_follows_runs_to_its_end_and_the_time_begins_then(lab: Lab, clock: MockClock) -> None:
    live = await lab.start()
    await lab.start_turn(live)
    live.unsubscribe(CLIENT)
    await pass_time(clock, 10 * UNLOAD_SECONDS)
    assert live.runs_turn
    await live.end_turn()
    await pass_time(clock, 0.75 * UNLOAD_SECONDS)
    assert lab.loaded.find(live.id) is live
    await pass_time(clock, UNLOAD_SECONDS)
    await until_closed(live)


async def test_a_thread_that_is_followed_has_no_timer(lab: Lab) -> None:
    before = trio.lowlevel.current_statistics().seconds_to_next_deadline
    await lab.start()
    await wait_all_tasks_blocked()
    after = trio.lowlevel.current_statistics().seconds_to_next_deadline
    # Only the patience of this test.
    assert before > 10 * UNLOAD_SECONDS
    assert after > 10 * UNLOAD_SECONDS


async def test_who_wants_a_thread_that_is_just_being_unloaded_gets_it_loaded_anew(lab: Lab, clock: MockClock) -> None:
    live = await lab.start()
    await lab.start_turn(live)
    await live.end_turn()
    live.scope.cancel()
    again = await lab.manager.load(ResumeTarget(thread_id=live.id), ThreadOptions(), ORIGIN, lambda _: None)
    assert again is not live
    assert lab.loaded.find(live.id) is again


@pytest.mark.parametrize("seconds", [0, 60, 100 * 60])
async def test_the_time_is_the_configured_one(lab: Lab, clock: MockClock, seconds: int) -> None:
    options = ThreadOptions(overrides={"thread_unload_delay_secs": seconds})
    live = await lab.manager.start(options, ORIGIN)
    await pass_time(clock, 200 * 60)
    live.unsubscribe(CLIENT)
    if seconds:
        await pass_time(clock, 0.75 * seconds)
        assert lab.loaded.find(live.id) is live
    await pass_time(clock, seconds)
    await until_closed(live)
    assert lab.loaded.ids == []
