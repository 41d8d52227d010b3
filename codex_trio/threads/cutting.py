"""Cutting a thread's history back to before one of its turns.

Owns how: a thread of today goes on in a further rollout file that builds on the earlier one, so that other releases
read it back alike, and forks keep what they inherited. In older files, which have no ordinals to build on, a line says
how many turns no longer count. Nothing is deleted, and files that the turns changed stay as they are. Does not own
loading (threads/manager.py). Used by the processor of revert and rollback.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import trio

from codex_trio.state.ids import uuid7
from codex_trio.state.rollout import forks
from codex_trio.state.rollout.events import ThreadRolledBack
from codex_trio.state.rollout.file_history import FileHistory
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.rollout.recorder import RolloutRecorder
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ThreadLoader
from codex_trio.threads.manager import ThreadManager


class HistoryCutter:
    """See the module."""

    def __init__(self, manager: ThreadManager, loader: ThreadLoader, paths: RolloutPaths) -> None:
        self._manager = manager
        self._loader = loader
        self._paths = paths

    async def cut(self, live: LiveThread, history: FileHistory, *, before_turn_id: str) -> LiveThread:
        """The thread without that turn and all later ones, loaded anew. No turn may run in it.

        Raises ThreadError for a turn that is not there; RolloutReadError, RolloutWriteError.
        """
        try:
            point = forks.before(history, before_turn_id)
        except forks.TurnNotFound as error:
            raise ThreadError(str(error)) from error
        path = history.path
        if live.recorder.meta.is_paginated:
            path = await self._continue_from(point, live)
        else:
            turn = history.index.turn(before_turn_id)
            assert turn is not None
            dropped = len(history.index.turns) - history.index.position_of(turn)
            await live.recorder.append([ThreadRolledBack(num_turns=dropped)])
        shortened = await self._loader.read(path)
        return await self._manager.replace(live, RolloutRecorder.open(shortened))

    async def _continue_from(self, point: forks.ForkPoint, live: LiveThread) -> Path:
        """Makes the file that the thread goes on in; its path."""
        now_ms = time.time_ns() // 1_000_000
        destination = self._paths.new_path(live.id, created_ms=now_ms, segment_id=uuid7())
        timestamp = format_timestamp(now_ms)
        start = partial(forks.start_from, point, destination, live.recorder.meta, paginated=True, timestamp=timestamp)
        await trio.to_thread.run_sync(start)
        return destination
