"""Ends commands that have more processes than they may, where the kernel does not count for us.

Owns: when to look, and whom to end. Does not own: how commands are killed (`spawner`).

Root is not held to RLIMIT_NPROC, and what runs as root in a container often has no control groups of its own either. A
look at one number of the machine, several times a second while commands run, says whether a closer one is worth it.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import trio

from codex_trio.execution import process_tree
from codex_trio.execution.bounds import tasks_of_machine

_PAUSE = 0.2
_LONGEST_PAUSE = 1.0

_log = logging.getLogger(__name__)


class ProcessWatch:
    """Watches while commands run.

    Args:
        limit: how many processes a command may have.
        leaders: the first processes of those that run.
        kill: ends one with all that it has started.
        count: how many processes there are on the machine.
    """

    def __init__(
        self,
        limit: int,
        *,
        leaders: Callable[[], Iterable[int]],
        kill: Callable[[int], Awaitable[None]],
        count: Callable[[], int] = tasks_of_machine,
    ) -> None:
        self._limit = limit
        self._leaders = leaders
        self._kill = kill
        self._count = count
        self._started = trio.Event()

    def note_start(self) -> None:
        """Begin to look: a command was started."""
        self._started.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await self._started.wait()
            self._started = trio.Event()
            await self._watch(self._count())

    async def _watch(self, before: int) -> None:
        """Watch until no command runs."""
        pause = _PAUSE
        while leaders := list(self._leaders()):
            await trio.sleep(pause)
            now = self._count()
            if now - before > self._limit:
                await self._look_closely(leaders)
                pause = _PAUSE
            else:
                pause = min(pause * 1.5, _LONGEST_PAUSE) if now <= before + self._limit // 2 else _PAUSE
            before = min(before, now)

    async def _look_closely(self, leaders: list[int]) -> None:
        sizes = await trio.to_thread.run_sync(process_tree.sizes, leaders)
        for leader, size in sizes.items():
            if size > self._limit:
                _log.warning("process %d and what it started are %d processes: killing them", leader, size)
                with suppress(OSError):
                    # At once: behind a sandbox's first process the kernel ends all of it, and nobody has to be caught.
                    os.kill(leader, signal.SIGKILL)
                await self._kill(leader)
