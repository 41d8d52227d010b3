"""Recording threads, and reading what was recorded: what all stores do alike, whatever holds the lines.

Owns new rollouts, those that go on from another, and going on in one. Does not own where rollouts are: it is given the
place for each new one. Does not own finding threads, nor who may write to one. Used by the thread stores.
"""

from __future__ import annotations

from collections.abc import Callable

from codex_trio.state.ids import uuid7
from codex_trio.state.index.rows import unix_ms
from codex_trio.state.rollout import forks
from codex_trio.state.rollout.events import ThreadRolledBack
from codex_trio.state.rollout.forks import ForkPoint
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.recorder import RolloutRecorder, ThreadRecorder, now_ms
from codex_trio.state.rollout.rollout_history import RolloutHistory
from codex_trio.state.rollout.sources import LineSource
from codex_trio.state.rollout.stored_index import HistoryReader
from codex_trio.state.store.histories import StoredHistories
from codex_trio.state.store.interface import MetadataPatch, patched


class ThreadRecording:
    """See the module. `place` says where a rollout of that name is to be; `clock` gives Unix milliseconds."""

    def __init__(
        self,
        place: Callable[[RolloutName], LineSource],
        reader: HistoryReader,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._place = place
        self._reader = reader
        self._clock = clock
        self._histories = StoredHistories(reader)

    def create(self, meta: SessionMeta) -> RolloutRecorder:
        """See ThreadStore."""
        return RolloutRecorder.create(self._new(meta), meta, clock=self._clock)

    async def open(self, source: LineSource) -> RolloutRecorder:
        """Goes on in a rollout. Raises RolloutReadError."""
        return RolloutRecorder.open(await self._reader.open(source), clock=self._clock)

    async def history(self, source: LineSource) -> RolloutHistory:
        """What a rollout holds, up to date; shared. Raises RolloutReadError."""
        return await self._histories.read(source)

    async def history_until(self, history: RolloutHistory, end: ForkPoint) -> RolloutHistory:
        """See ThreadStore."""
        return await self._reader.open(history.source, until=end.ordinal)

    async def fork(self, history: RolloutHistory, end: ForkPoint, meta: SessionMeta) -> RolloutRecorder:
        """See ThreadStore."""
        inherited = history.facts.meta
        assert inherited is not None
        source = self._new(meta)
        await source.begin(
            forks.beginning(end, meta, paginated=inherited.is_paginated, timestamp=format_timestamp(self._clock()))
        )
        return await self.open(source)

    async def cut(self, recorder: ThreadRecorder, *, before_turn_id: str) -> RolloutRecorder:
        """See ThreadStore.

        A thread of today goes on in a further rollout that builds on the earlier one, so that other releases read it
        back alike, and forks keep what they inherited. In an older one, which has no ordinals to build on, a line says
        how many turns no longer count.
        """
        history, meta = recorder.history, recorder.meta
        assert history is not None
        end = forks.before(history, before_turn_id)
        source = history.source
        if meta.is_paginated:
            now = self._clock()
            source = self._place(RolloutName.of(meta.id, created_ms=now, segment_id=uuid7()))
            await source.begin(forks.beginning(end, meta, paginated=True, timestamp=format_timestamp(now)))
        else:
            turn = history.index.turn(before_turn_id)
            assert turn is not None
            dropped = len(history.index.turns) - history.index.position_of(turn)
            await recorder.append([ThreadRolledBack(num_turns=dropped)])
        return await self.open(source)

    async def change_meta(self, source: LineSource, patch: MetadataPatch) -> None:
        """Changes what a thread that nobody records says of itself. Raises RolloutReadError, RolloutWriteError."""
        recorder = await self.open(source)
        try:
            await recorder.update_meta(patched(recorder.meta, patch))
        finally:
            await recorder.aclose()

    def _new(self, meta: SessionMeta) -> LineSource:
        return self._place(RolloutName.of(meta.id, created_ms=unix_ms(meta.timestamp)))
