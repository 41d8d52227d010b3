"""What a server does by itself after it began, though nobody has asked for it: one list, with a switch.

Owns: the list, that each task waits until clients are quiet, and that none of them harms anything. Does not own what
the tasks do.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import trio

from codex_trio.server.idle import Idle

_log = logging.getLogger(__name__)

QUIET_SECONDS = 0.1
"""How long clients have asked for nothing when there is time for what they may ask for next."""


class StartupTask(msgspec.Struct, frozen=True):
    """A task; `name` is for the log. It ends by itself in bounded time."""

    name: str
    run: Callable[[], Awaitable[object]]


async def run_startup_tasks(tasks: Sequence[StartupTask], idle: Idle, *, are_wanted: bool) -> None:
    """Run these side by side, each once clients are quiet. What fails is logged: requests meet the same problem."""
    if not are_wanted:
        return
    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(_run, task, idle)


async def _run(task: StartupTask, idle: Idle) -> None:
    try:
        await idle.quiet(QUIET_SECONDS)
        await task.run()
    except Exception:
        _log.exception("%s failed", task.name)
