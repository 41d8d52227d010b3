"""Many turns that want to go on at once do so a few in each round of the event loop."""

from __future__ import annotations

import trio
import trio.testing

from codex_trio.engine.pace import STEPS, Pace

MANY = 10 * STEPS


async def rounds_of_many(pace: Pace) -> list[int]:
    """Return how many of many tasks went on in each round, as somebody sees it who comes by once in each."""
    passed = 0
    rounds: list[int] = []

    async def turn() -> None:
        nonlocal passed
        await pace.step()
        passed += 1

    async with trio.open_nursery() as nursery:
        for _ in range(MANY):
            nursery.start_soon(turn)
        while passed < MANY:
            before = passed
            await trio.lowlevel.checkpoint()
            rounds.append(passed - before)
    return rounds


async def test_a_few_go_on_in_each_round_and_none_is_left() -> None:
    pace = Pace()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pace.run)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(2):
            with trio.fail_after(10):
                rounds = await rounds_of_many(pace)
            assert sum(rounds) == MANY
            # What others do in the same round may come before or after it.
            assert max(rounds) <= 3 * STEPS
        nursery.cancel_scope.cancel()


async def test_nobody_is_held_up_where_it_does_not_run_or_ends() -> None:
    pace = Pace()
    with trio.fail_after(10):
        await rounds_of_many(pace)
        async with trio.open_nursery() as nursery, trio.open_nursery() as waiting:
            nursery.start_soon(pace.run)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(MANY):
                waiting.start_soon(pace.step)
            nursery.cancel_scope.cancel()
