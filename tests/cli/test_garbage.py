"""Everything is looked through for garbage when clients ask for nothing, and when there was no such moment for long."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import trio
import trio.testing

from codex_trio.cli.garbage import DUE, OVERDUE, collect_when_quiet


class Ring:
    """Refers to itself: only a search for garbage finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


class Clients:
    """They ask for something until they are quiet."""

    def __init__(self) -> None:
        self.are_quiet = trio.Event()
        self.is_waited_for = trio.Event()

    async def quiet(self, _seconds: float) -> None:
        self.is_waited_for.set()
        await self.are_quiet.wait()


@asynccontextmanager
async def collecting(clients: Clients) -> AsyncGenerator[None]:
    gc.collect()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collect_when_quiet, clients.quiet)
        await trio.testing.wait_all_tasks_blocked()
        yield
        nursery.cancel_scope.cancel()


def old_ring() -> Callable[[], Ring | None]:
    """Return a ring that was not garbage yet when what is young was looked through, and is so now."""
    ring = Ring()
    gc.collect(1)
    return weakref.ref(ring)


async def until_gone(ring: Callable[[], Ring | None]) -> None:
    with trio.fail_after(30):
        while ring() is not None:
            await trio.lowlevel.checkpoint()


async def test_what_is_old_is_looked_through_once_clients_are_quiet() -> None:
    clients = Clients()
    async with collecting(clients):
        for _ in range(2):
            ring = old_ring()
            for _ in range(DUE):
                gc.collect(1)
            with trio.fail_after(30):
                await clients.is_waited_for.wait()
            assert ring() is not None
            clients.are_quiet.set()
            await until_gone(ring)
            await trio.testing.wait_all_tasks_blocked()
            clients.are_quiet, clients.is_waited_for = trio.Event(), trio.Event()


async def test_clients_who_are_never_quiet_put_it_off_for_so_long_and_no_longer() -> None:
    async with collecting(Clients()):
        ring = old_ring()
        for _ in range(OVERDUE):
            gc.collect(1)
        await until_gone(ring)


async def test_the_interpreter_is_left_as_it_was() -> None:
    before = gc.get_threshold(), list(gc.callbacks)
    async with collecting(Clients()):
        assert gc.get_threshold()[2] > before[0][2]
    assert (gc.get_threshold(), list(gc.callbacks)) == before
