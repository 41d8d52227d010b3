"""Histories of stored threads, to be read only, and shared by all who read them.

Owns which are kept, and when one is brought up to date. Does not own reading itself (state/rollout). Used by the thread
stores.
"""

from __future__ import annotations

from collections import OrderedDict

import trio

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.stored_index import HistoryReader
from codex_trio.state.rollout.sources import LineSource

KEPT = 4
"""Of how many threads the indexes are kept."""


class StoredHistories:
    def __init__(self, reader: HistoryReader) -> None:
        self._reader = reader
        self._recent: OrderedDict[LineSource, _Kept] = OrderedDict()

    async def read(self, source: LineSource) -> RolloutHistory:
        """Return the history in that rollout, up to date. Raises RolloutReadError."""
        kept = self._recent.get(source)
        if kept is None:
            kept = self._recent[source] = _Kept()
        self._recent.move_to_end(source)
        while len(self._recent) > KEPT:
            self._recent.popitem(last=False)
        async with kept.lock:
            return await self._refresh(source, kept)

    async def _refresh(self, source: LineSource, kept: _Kept) -> RolloutHistory:
        version = await trio.to_thread.run_sync(source.version)
        if kept.history is None or kept.version[:1] != version[:1] or version[1] < kept.history.size:
            kept.history = None
            kept.history = await self._reader.open(source)
        elif version != kept.version:
            await kept.history.catch_up()
        kept.version = version
        return kept.history


class _Kept:
    """A history that is kept, and which state of its rollout it is up to date with."""

    def __init__(self) -> None:
        self.lock = trio.Lock()
        self.version: tuple[int, ...] = (0,)
        self.history: RolloutHistory | None = None
