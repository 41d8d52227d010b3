"""Whoever waits is woken by the next ring, and by that one only."""

import trio
import trio.testing

from codex_trio.util.bell import Bell


async def test_all_who_wait_are_woken_and_who_comes_later_waits_for_the_next_ring() -> None:
    bell = Bell()
    woken: list[str] = []

    async def wait(name: str) -> None:
        await bell.wait()
        woken.append(name)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, "one")
            nursery.start_soon(wait, "two")
            await trio.testing.wait_all_tasks_blocked()
            bell.ring()
            nursery.start_soon(wait, "late")
            await trio.testing.wait_all_tasks_blocked()
            assert sorted(woken) == ["one", "two"]
            bell.ring()
    assert woken[2:] == ["late"]


async def test_a_ring_that_nobody_waits_for_is_not_kept() -> None:
    bell = Bell()
    bell.ring()
    with trio.move_on_after(0) as at_once:
        await bell.wait()
    assert at_once.cancelled_caught


async def test_who_is_cancelled_while_waiting_disturbs_nobody() -> None:
    bell = Bell()
    woken = trio.Event()

    async def wait() -> None:
        await bell.wait()
        woken.set()

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(0):
                await bell.wait()
            bell.ring()
            await woken.wait()
