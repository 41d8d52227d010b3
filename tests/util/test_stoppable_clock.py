"""A clock that can be stopped, for waits."""

import pytest
import trio
from trio.testing import MockClock

from codex_trio.util.stoppable_clock import StoppableClock


async def test_a_wait_takes_its_time_while_the_clock_goes(autojump_clock: MockClock) -> None:
    clock, event = StoppableClock(), trio.Event()
    began = trio.current_time()
    await clock.wait(event, 5)
    assert trio.current_time() - began == pytest.approx(5)


async def test_an_event_ends_a_wait_whether_the_clock_goes_or_stands(autojump_clock: MockClock) -> None:
    for stops in (0, 1):
        clock, event = StoppableClock(), trio.Event()
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for _ in range(stops):
                clock.stop()
            nursery.start_soon(clock.wait, event, 5)
            await trio.sleep(3)
            event.set()
        assert trio.current_time() - began == pytest.approx(3)


async def test_no_time_passes_while_the_clock_stands(autojump_clock: MockClock) -> None:
    clock, event = StoppableClock(), trio.Event()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.wait, event, 5)
        await trio.sleep(2)
        clock.stop()
        await trio.sleep(100)
        clock.stop()
        clock.start()
        await trio.sleep(100)
        assert clock.stops == 1
        clock.start()
    assert trio.current_time() - began == pytest.approx(205)


async def test_a_wait_that_begins_while_the_clock_stands_has_all_its_time_left(autojump_clock: MockClock) -> None:
    clock, event = StoppableClock(), trio.Event()
    began = trio.current_time()
    clock.stop()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.wait, event, 5)
        await trio.sleep(50)
        clock.start()
    assert trio.current_time() - began == pytest.approx(55)


async def test_who_waits_for_the_clock_to_go_goes_on_with_the_last_start(autojump_clock: MockClock) -> None:
    clock = StoppableClock()
    await clock.until_running()
    clock.stop()
    clock.stop()
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.until_running)
        await trio.sleep(1)
        clock.start()
        await trio.sleep(1)
        clock.start()
    assert trio.current_time() - began == pytest.approx(2)


async def test_a_clock_that_goes_cannot_be_started() -> None:
    with pytest.raises(ValueError, match="the clock goes"):
        StoppableClock().start()
