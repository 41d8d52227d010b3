"""When a thread counts as left alone."""

import pytest
import trio
import trio.testing

from codex_trio.threads.followers import Followers

A, B = 1, 2
"""Clients."""


class Work:
    """Work in a thread that ends when it is told to."""

    def __init__(self) -> None:
        self.busy = False
        self.idle = trio.Event()
        self.idle.set()

    def begin(self) -> None:
        self.busy = True
        self.idle = trio.Event()

    def end(self) -> None:
        self.busy = False
        self.idle.set()

    async def wait(self) -> None:
        await self.idle.wait()


async def left_after(followers: Followers, work: Work, seconds: float) -> float:
    """Return the moment at which the thread counts as left alone."""
    await followers.left_alone(seconds, is_busy=lambda: work.busy, wait_until_idle=work.wait)
    return trio.current_time()


async def test_a_thread_is_left_alone_so_long_after_its_last_follower_went(
    autojump_clock: trio.testing.MockClock,
) -> None:
    followers, work = Followers(), Work()
    followers.add(A)
    followers.add(B)
    assert followers.remove(A)
    assert not followers.remove(A)
    await trio.sleep(5)
    assert followers.remove(B)
    gone = trio.current_time()
    assert await left_after(followers, work, 30) == pytest.approx(gone + 30)


async def test_what_happens_in_a_thread_starts_the_clock_anew(autojump_clock: trio.testing.MockClock) -> None:
    followers, work = Followers(), Work()
    followers.add(A)
    followers.remove(A)
    work.begin()
    ended = trio.current_time() + 100

    async def end() -> None:
        await trio.sleep(100)
        followers.start_clock_anew()
        work.end()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end)
        assert await left_after(followers, work, 30) == pytest.approx(ended + 30)


async def test_a_follower_who_comes_back_stops_the_clock(autojump_clock: trio.testing.MockClock) -> None:
    followers, work = Followers(), Work()
    followers.add(A)
    followers.remove(A)

    async def visit() -> None:
        await trio.sleep(20)
        followers.add(A)
        await trio.sleep(50)
        followers.remove(A)

    begun = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(visit)
        assert await left_after(followers, work, 30) == pytest.approx(begun + 20 + 50 + 30)


async def test_a_thread_that_nobody_ever_followed_is_not_left(autojump_clock: trio.testing.MockClock) -> None:
    with trio.move_on_after(1000) as waiting:
        await left_after(Followers(), Work(), 30)
    assert waiting.cancelled_caught
