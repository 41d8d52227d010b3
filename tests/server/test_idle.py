"""Background work begins when clients have asked for nothing for a while."""

import trio
import trio.testing

from codex_trio.server.idle import Idle


async def quiet_after(idle: Idle, seconds: float) -> float:
    started = trio.current_time()
    await idle.quiet(seconds)
    return trio.current_time() - started


async def test_a_server_that_nobody_asked_anything_is_quiet(autojump_clock: trio.testing.MockClock) -> None:
    assert await quiet_after(Idle(), 5) == 0


async def test_quiet_begins_so_long_after_the_last_request_ended(autojump_clock: trio.testing.MockClock) -> None:
    idle = Idle()
    idle.began()
    idle.ended()
    await trio.sleep(1)
    assert await quiet_after(idle, 5) == 4
    assert await quiet_after(idle, 5) == 0


async def test_nothing_is_quiet_while_a_request_is_under_way(autojump_clock: trio.testing.MockClock) -> None:
    idle = Idle()

    async def ask() -> None:
        idle.began()
        await trio.sleep(3)
        idle.began()
        await trio.sleep(10)
        idle.ended()
        await trio.sleep(20)
        idle.ended()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        assert await quiet_after(idle, 5) == 38


async def test_a_request_that_comes_meanwhile_starts_the_wait_anew(autojump_clock: trio.testing.MockClock) -> None:
    idle = Idle()
    idle.began()
    idle.ended()

    async def ask() -> None:
        await trio.sleep(4)
        idle.began()
        idle.ended()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        assert await quiet_after(idle, 5) == 9
