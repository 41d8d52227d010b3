"""Keeping rollouts compressed that nobody wrote to for long.

Owns which those are, and that one process of those that share a home does it, while clients are quiet. A file that
somebody writes to, or wrote to meanwhile, is left as it is. Does not own the steps (state/rollout/compressed.py). A
service: `run` it once.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.writers import ThreadWriters
from codex_trio.state.rollout import compressed
from codex_trio.state.rollout.paths import RolloutFile, RolloutName, RolloutPaths
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.util.private_folder import FILE_MODE, make_private_folder

_log = logging.getLogger(__name__)

AGE_SECONDS = 7 * 86400
"""For so long nobody has written to a file that is compressed."""

QUIET_SECONDS = 0.2
LONGEST_REST_SECONDS = 1.0
"""For how long clients have asked for nothing when the next file is taken up, and how long that is waited for."""

LOCK = Path(".tmp", "rollout-maintenance.lock")
"""Where in the home other servers have their lock for the same."""


class RolloutCompressor:
    """The compressor of one home. `quiet` returns once clients have asked for nothing for so many seconds."""

    def __init__(
        self,
        index: RolloutIndex,
        *,
        home: Path,
        paths: RolloutPaths,
        writers: ThreadWriters,
        quiet: Callable[[float], Awaitable[None]],
    ) -> None:
        self._index = index
        self._lock = home / LOCK
        self._paths = paths
        self._writers = writers
        self._quiet = quiet
        self._asked = trio.Event()
        self._done = trio.Event()

    def begin(self) -> None:
        """Have it done, soon; nothing more while it is under way."""
        self._asked.set()

    async def settled(self) -> None:
        """Return once what is under way, or was asked for, is done."""
        if self._asked.is_set():
            await self._done.wait()

    async def run(self) -> None:
        """Work whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            try:
                await self._compress_all()
            except (OSError, StateDbError) as error:
                _log.warning("no more rollouts are compressed now: %s", error)
            done, self._asked, self._done = self._done, trio.Event(), trio.Event()
            done.set()

    async def _compress_all(self) -> None:
        descriptor = await trio.to_thread.run_sync(take, self._lock)
        if descriptor is None:
            return  # Another server is at it.
        try:
            await self._remove_leftovers()
            for file in await trio.to_thread.run_sync(self._old):
                with trio.move_on_after(LONGEST_REST_SECONDS):
                    await self._quiet(QUIET_SECONDS)
                await self._compress(file)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(give_back, descriptor)

    def _old(self) -> list[RolloutFile]:
        limit = time.time() - AGE_SECONDS
        files = (file for is_archived in (False, True) for file in self._paths.scan(archived=is_archived))
        return [file for file in files if _is_older(file.path, limit)]

    async def _remove_leftovers(self) -> None:
        for path in await trio.to_thread.run_sync(lambda: list(self._paths.leftovers())):
            name = RolloutName.parse(compressed.plain_name_of_leftover(path.name))
            if name is None:
                continue
            try:
                async with self._writers.alone(name.thread_id):
                    await trio.to_thread.run_sync(partial(path.unlink, missing_ok=True))
            except ThreadStoreError:
                continue  # Somebody may be making it just now.

    async def _compress(self, file: RolloutFile) -> None:
        row = await self._index.at(file.path)
        if row is None or row.facts is None or row.thread_id != file.name.thread_id:
            return  # Whose writers' lock it is under cannot be told.
        if self._writers.is_taken(row.thread_id):
            return
        before = await trio.to_thread.run_sync(
            partial(compressed.compress, file.path, check=trio.from_thread.check_cancelled)
        )
        if before is None:
            return
        try:
            async with self._writers.alone(row.thread_id):
                kept = await trio.to_thread.run_sync(compressed.keep_compressed, file.path, before)
        except ThreadStoreError:
            await trio.to_thread.run_sync(compressed.discard, file.path)
        else:
            if kept:
                await self._index.read_files([file.path])


def _is_older(path: Path, limit: float) -> bool:
    try:
        return path.lstat().st_mtime < limit
    except OSError:
        # Compressed, or gone.
        return False


def take(path: Path) -> int | None:
    """Lock a file; None while another process holds it. Raises OSError."""
    make_private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def give_back(descriptor: int) -> None:
    """Free it again."""
    # Closing alone would not do while a process that is just being started still has a copy.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
