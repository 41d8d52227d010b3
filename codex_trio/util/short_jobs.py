"""Short blocking work of many tasks, done by one thread in turn rather than by a thread for each.

A hop to a thread costs more than what is done there, when that is an append of a few hundred bytes. Here a thread takes
one job after the other for as long as there are any, and what they gave is handed over together. When a job takes long
(a slow disk), or never ends (a dead mount), further threads take the next ones, so that nobody waits for it.

Owns the queue and its threads. Does not know what the jobs do. A service: `run` it once; before that, and after, jobs
are done all the same, but one that hangs holds up those behind it until another one comes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

import outcome
import trio

from codex_trio.util.bell import Bell

T = TypeVar("T")

LONG_SECONDS = 0.02
"""Whoever waits behind a job that has taken so long is served by another thread."""

MOST_THREADS = 40


class _Job:
    """What is to be done, and who waits for it; nobody when that one was cancelled."""

    __slots__ = ("result", "task", "work")

    def __init__(self, work: Callable[[], object], task: trio.lowlevel.Task) -> None:
        self.work = work
        self.task: trio.lowlevel.Task | None = task
        self.result: outcome.Outcome[Any] | None = None


class ShortJobs:
    """The short jobs of one event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        """Held for moments: around what follows, which threads and the loop share."""
        self._queue: deque[_Job] = deque()
        self._done: list[_Job] = []
        self._threads = 0
        self._latest = 0.0
        """When a job was taken last."""
        self._queued = Bell()

    async def do(self, work: Callable[[], T]) -> T:
        """Return what `work` returns or raises. Cancelled, nobody waits for it any more, but it is done."""
        job = _Job(work, trio.lowlevel.current_task())
        token = trio.lowlevel.current_trio_token()
        with self._lock:
            self._queue.append(job)
        self._see_to_it(token)
        self._queued.ring()

        def abort(_raise: object) -> trio.lowlevel.Abort:
            job.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        return cast("T", await trio.lowlevel.wait_task_rescheduled(abort))

    async def run(self) -> None:
        """Watch, until cancelled, that nobody waits behind a job that takes long."""
        token = trio.lowlevel.current_trio_token()
        while True:
            while not self._queue:
                await self._queued.wait()
            await trio.sleep(LONG_SECONDS)
            self._see_to_it(token)

    def _see_to_it(self, token: trio.lowlevel.TrioToken) -> None:
        """Start a thread if what waits needs one."""
        with self._lock:
            is_slow = time.monotonic() - self._latest > LONG_SECONDS and self._threads < MOST_THREADS
            if not self._queue or (self._threads and not is_slow):
                return
            self._threads += 1
            self._latest = time.monotonic()
        trio.lowlevel.start_thread_soon(lambda: self._work(token), _ended)

    def _work(self, token: trio.lowlevel.TrioToken) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                job = self._queue.popleft()
                self._latest = time.monotonic()
            job.result = outcome.capture(job.work)
            with self._lock:
                self._done.append(job)
                is_first = len(self._done) == 1
            if is_first:
                # Once the loop has ended nobody is left to wait.
                with contextlib.suppress(trio.RunFinishedError):
                    token.run_sync_soon(self._hand_over)
            del job

    def _hand_over(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for job in done:
            if job.task is not None:
                assert job.result is not None
                trio.lowlevel.reschedule(job.task, job.result)


def _ended(_result: outcome.Outcome[None]) -> None:
    """Do nothing at the end of a thread: its jobs have handed over what there was."""
