"""Short jobs are done by one thread, handed over together, and wait for none that takes long."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from codex_trio.util.short_jobs import MOST_THREADS, ShortJobs

PATIENCE = 10.0


@asynccontextmanager
async def running() -> AsyncGenerator[ShortJobs]:
    jobs = ShortJobs()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(jobs.run)
        with trio.fail_after(PATIENCE):
            yield jobs
        nursery.cancel_scope.cancel()


def stuck(release: threading.Event) -> Callable[[], bool]:
    return lambda: release.wait(PATIENCE)


async def test_each_gets_its_own_result_and_one_thread_does_them_all() -> None:
    async with running() as jobs:
        results: dict[int, int] = {}
        threads: set[int] = set()

        def work(number: int) -> int:
            threads.add(threading.get_ident())
            return number * number

        async def ask(number: int) -> None:
            results[number] = await jobs.do(lambda: work(number))

        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(ask, number)
        assert results == {number: number * number for number in range(100)}
        assert len(threads) <= MOST_THREADS


async def test_what_a_job_raises_reaches_the_one_who_asked() -> None:
    async with running() as jobs:
        with pytest.raises(ZeroDivisionError):
            await jobs.do(lambda: 1 // 0)
        assert await jobs.do(lambda: 1) == 1


async def test_nobody_waits_for_a_job_that_hangs() -> None:
    release = threading.Event()
    async with running() as jobs, trio.open_nursery() as nursery:
        nursery.start_soon(jobs.do, stuck(release))
        await trio.testing.wait_all_tasks_blocked()
        try:
            assert await jobs.do(lambda: "done") == "done"
        finally:
            release.set()


async def test_a_job_whose_asker_was_cancelled_is_done_all_the_same() -> None:
    release, done = threading.Event(), threading.Event()
    async with running() as jobs:
        with trio.move_on_after(0.01) as waiting:
            await jobs.do(lambda: release.wait(PATIENCE) and done.set())
        assert waiting.cancelled_caught
        release.set()
        assert await trio.to_thread.run_sync(done.wait, PATIENCE)
        assert await jobs.do(lambda: 2) == 2
