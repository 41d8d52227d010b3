"""What stands behind the first answer is built once, on demand, and again after a failure."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from codex_trio.server.deferred import Deferred


class Workshop:
    """Builds numbers; the attempts named in `failing` fail."""

    def __init__(self, *failing: int) -> None:
        self.attempts = 0
        self.ended = 0
        self._failing = failing

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[int]:
        self.attempts += 1
        number = self.attempts
        await trio.sleep(1)
        if number in self._failing:
            raise OSError(f"attempt {number}")
        try:
            yield number
        finally:
            self.ended += 1


async def test_nothing_is_built_that_nobody_wants(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    workshop = Workshop()
    nursery.start_soon(Deferred(workshop.open).run)
    await trio.sleep(10)
    assert workshop.attempts == 0


async def test_all_who_wait_get_the_same_one_and_it_ends_with_its_task(autojump_clock: trio.testing.MockClock) -> None:
    workshop = Workshop()
    behind = Deferred(workshop.open)
    got: list[int] = []

    async def need() -> None:
        got.append(await behind.ready())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(behind.run)
        async with trio.open_nursery() as waiting:
            for _ in range(3):
                waiting.start_soon(need)
        await need()
        assert (got, behind.built, workshop.ended) == ([1, 1, 1, 1], 1, 0)
        nursery.cancel_scope.cancel()
    assert workshop.ended == 1


async def test_those_who_waited_for_a_failure_are_told_and_the_next_one_has_it_tried_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    behind = Deferred(Workshop(1, 2).open)
    nursery.start_soon(behind.run)
    for number in (1, 2):
        with pytest.raises(OSError, match=f"attempt {number}"):
            await behind.ready()
    assert behind.built is None
    assert await behind.ready() == 3


async def test_trouble_of_what_was_built_is_not_hidden(autojump_clock: trio.testing.MockClock) -> None:
    @asynccontextmanager
    async def breaks() -> AsyncGenerator[int]:
        async with trio.open_nursery() as services:

            async def service() -> None:
                await trio.sleep(5)
                raise LookupError("a service died")

            services.start_soon(service)
            yield 1

    behind = Deferred(breaks)
    with pytest.RaisesGroup(pytest.RaisesGroup(LookupError)):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(behind.run)
            assert await behind.ready() == 1
