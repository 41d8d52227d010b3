"""Recording threads, and reading what was recorded: what all stores do alike, whatever holds the lines.

Owns new rollouts, those that go on from another, and going on in one. Does not own where rollouts are: it is given the
place for each new one. Does not own finding threads, nor who may write to one. Used by the thread stores.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial

from codex_trio.domain.ids import uuid7
from codex_trio.state.history import forks
from codex_trio.state.history.forks import ForkPoint
from codex_trio.state.history.recorder import RolloutRecorder, ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.stored_index import HistoryReader
from codex_trio.state.rollout.events import ThreadRolledBack
from codex_trio.state.rollout.lines import SessionMeta, format_timestamp
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.sources import LineSource
from codex_trio.state.store.contents import unix_ms
from codex_trio.state.store.families import no_rollout
from codex_trio.state.store.histories import StoredHistories
from codex_trio.state.store.interface import MetadataPatch, StoredThread, ThreadStoreError, ThreadSummary, patched
from codex_trio.util.clock import now_ms


class RecordingStore(ABC):
    """The half of a `ThreadStore` that records and reads, for stores to build on. `clock` gives Unix milliseconds."""

    def __init__(self, reader: HistoryReader, *, clock: Callable[[], int] = now_ms) -> None:
        self._reader = reader
        self._clock = clock
        self._histories = StoredHistories(reader)

    @abstractmethod
    def _new_source(self, name: RolloutName) -> LineSource:
        """Return where a rollout of that name is to be."""

    @abstractmethod
    def _source_of(self, thread: StoredThread) -> LineSource:
        """Return where a stored thread's is. Raises RolloutReadError."""

    @abstractmethod
    async def locate(self, thread_id: str, *, archived: bool | None = None) -> StoredThread | None: ...

    @abstractmethod
    async def read(self, thread_id: str) -> ThreadSummary | None: ...

    def create(
        self, meta: SessionMeta, *, before_stored: Callable[[], Awaitable[None]] | None = None
    ) -> RolloutRecorder:
        before = None if before_stored is None else partial(_as_writing, before_stored)
        return RolloutRecorder.create(self._new(meta), meta, clock=self._clock, before_first=before)

    async def open(self, thread: StoredThread) -> RolloutRecorder:
        return await self._go_on_in(self._source_of(thread))

    async def history(self, thread: StoredThread) -> RolloutHistory:
        return await self._histories.read(self._source_of(thread))

    async def history_until(self, history: RolloutHistory, end: ForkPoint) -> RolloutHistory:
        return await self._reader.open(history.source, until=end.ordinal)

    async def fork(self, history: RolloutHistory, end: ForkPoint, meta: SessionMeta) -> RolloutRecorder:
        inherited = history.facts.meta
        assert inherited is not None
        source = self._new(meta)
        await source.begin(
            forks.beginning(end, meta, paginated=inherited.is_paginated, timestamp=format_timestamp(self._clock()))
        )
        return await self._go_on_in(source)

    async def cut(self, recorder: ThreadRecorder, *, before_turn_id: str) -> RolloutRecorder:
        """Drop a turn and all after it.

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
            source = self._new_source(RolloutName.of(meta.id, created_ms=now, segment_id=uuid7()))
            await source.begin(forks.beginning(end, meta, paginated=True, timestamp=format_timestamp(now)))
        else:
            turn = history.index.turn(before_turn_id)
            assert turn is not None
            dropped = len(history.index.turns) - history.index.position_of(turn)
            await recorder.append([ThreadRolledBack(num_turns=dropped)])
        return await self._go_on_in(source)

    async def update_metadata(self, thread_id: str, patch: MetadataPatch) -> ThreadSummary:
        found = await self.locate(thread_id)
        if found is None:
            raise no_rollout(thread_id)
        recorder = await self.open(found)
        try:
            await recorder.update_meta(patched(recorder.meta, patch))
        finally:
            await recorder.aclose()
        summary = await self.read(thread_id)
        assert summary is not None
        return summary

    async def _go_on_in(self, source: LineSource) -> RolloutRecorder:
        return RolloutRecorder.open(await self._reader.open(source), clock=self._clock)

    def _new(self, meta: SessionMeta) -> LineSource:
        return self._new_source(RolloutName.of(meta.id, created_ms=unix_ms(meta.timestamp)))


async def _as_writing(before_stored: Callable[[], Awaitable[None]]) -> str | None:
    """Return why a thread cannot be stored, if it cannot."""
    try:
        await before_stored()
    except ThreadStoreError as error:
        return str(error)
    return None
