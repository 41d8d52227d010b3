"""Telling a client, once, when something is at a path where nothing was.

Owns the watches of one connection. Does not own how the kernel is asked (`files.watches`).
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import msgspec
import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.begun import Begun
from codex_trio.exec_server.errors import plain_path
from codex_trio.exec_server.session import ServedSession
from codex_trio.files.watches import FileWatches, Watch

MAX_WATCHES = 64
MAX_PATHS = 64
"""In one watch."""


class ServedWatches:
    """`nursery` ends with the connection; `notify` tells its client."""

    def __init__(
        self, watches: FileWatches, nursery: trio.Nursery, notify: Callable[[str, msgspec.Struct], Awaitable[None]]
    ) -> None:
        self._watches = watches
        self._nursery = nursery
        self._notify = notify
        self._active: set[int] = set()

    async def watch(self, params: wire.WatchMissingParams, _session: ServedSession) -> Begun:
        """Begin a watch; its client is told where that cannot be, or things are not as it says."""
        missing = [plain_path(path) for path in params.missing]
        present = [] if params.present is None else [plain_path(params.present)]
        answered = trio.Event()
        is_watching = False
        has_room = len(missing) <= MAX_PATHS and len(self._active) < MAX_WATCHES
        if missing and has_room and params.watch_id not in self._active:
            self._active.add(params.watch_id)
            is_watching = await self._nursery.start(self._run, params.watch_id, missing, present, answered)
        await trio.lowlevel.checkpoint()
        return Begun(wire.WatchMissingResult(watching=is_watching), answered)

    async def _run(
        self,
        watch_id: int,
        missing: Sequence[str],
        present: Sequence[str],
        answered: trio.Event,
        *,
        task_status: trio.TaskStatus[bool],
    ) -> None:
        try:
            async with AsyncExitStack() as stack:
                try:
                    paths = (*missing, *present)
                    watches = [await stack.enter_async_context(self._watches.watch(path)) for path in paths]
                    is_so = await _off_loop(missing, present)
                except OSError:
                    is_so, watches = False, []
                task_status.started(is_so)
                if not is_so:
                    return
                await _until_one_changes(watches)
        finally:
            self._active.discard(watch_id)
        await answered.wait()
        await self._notify("fs/missingChanged", wire.MissingChanged(watch_id=watch_id))


async def _off_loop(missing: Sequence[str], present: Sequence[str]) -> bool:
    def look() -> bool:
        return all(map(os.path.lexists, present)) and not any(map(os.path.lexists, missing))

    return await trio.to_thread.run_sync(look, abandon_on_cancel=True)


async def _until_one_changes(watches: Sequence[Watch]) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(watch: Watch) -> None:
            await watch.changes()
            nursery.cancel_scope.cancel()

        for watch in watches:
            nursery.start_soon(wait, watch)
