"""Threads kept in memory: for a server that is to leave nothing behind, however it ends.

Owns the `ThreadStore` of a process that keeps nothing: its threads, their names, and finding them. Does not own how
threads are recorded and read (recording.py), which is as for files, nor what lists mean (memory_rows.py, paging.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import trio

from codex_trio.state.history.parts import read_meta
from codex_trio.state.history.stored_index import HistoryReader
from codex_trio.state.memory import rows as memory_rows
from codex_trio.state.memory.graph import MemoryAgentGraph
from codex_trio.state.memory.organisation import MemoryTables
from codex_trio.state.memory.read_states import MemoryReadStates
from codex_trio.state.memory.rows import MemoryRow
from codex_trio.state.memory.thread import MemoryThread
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.memory_lines import MemoryLines
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.sources import LineSource
from codex_trio.state.store import paging
from codex_trio.state.store.contents import spawned_by
from codex_trio.state.store.families import family_of, no_rollout, still_needed
from codex_trio.state.store.interface import (
    GLANCED,
    SearchHit,
    SearchPage,
    SearchQuery,
    StoredThread,
    ThreadPage,
    ThreadQuery,
    ThreadSummary,
)
from codex_trio.state.store.recording import RecordingStore
from codex_trio.state.store.snippets import pattern_of, snippet_of
from codex_trio.util.clock import now_ms


class MemoryThreadStore(RecordingStore):
    """`clock` gives Unix milliseconds."""

    def __init__(
        self,
        graph: MemoryAgentGraph,
        read_states: MemoryReadStates,
        tables: MemoryTables,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        super().__init__(HistoryReader(self._locate_base), clock=clock)
        self._graph = graph
        self._read_states = read_states
        self._tables = tables
        self._threads: dict[str, MemoryThread] = {}
        self._names: dict[str, str] = {}
        # Loaded threads tell of themselves.
        self._loaded: dict[str, Callable[[], ThreadSummary | None]] = {}

    def _new_source(self, name: RolloutName) -> MemoryLines:
        return MemoryLines(name, clock=self._clock, appeared=self._appeared)

    def _appeared(self, lines: MemoryLines) -> None:
        """Take in a rollout that has its first lines: its thread is there, or goes on in it, from now on."""
        thread_id = lines.rollout_name.thread_id.lower()
        self._threads.setdefault(thread_id, MemoryThread(thread_id)).rollouts.append(lines)
        meta = read_meta(lines)
        spawner = None if meta is None else spawned_by(meta)
        if spawner is not None:
            self._graph.learn(spawner, thread_id)

    def _locate_base(self, base_id: str, seen: frozenset[LineSource]) -> LineSource | None:
        every = (lines for thread in list(self._threads.values()) for lines in thread.rollouts)
        return next((lines for lines in every if lines.rollout_name.base_id == base_id and lines not in seen), None)

    def _source_of(self, thread: StoredThread) -> MemoryLines:
        found = self._threads.get(thread.thread_id)
        if found is None:
            raise RolloutReadError(thread.thread_id, "is not there any more")
        return found.latest

    # --- finding ---

    async def locate(self, thread_id: str, *, archived: bool | None = None) -> StoredThread | None:
        await trio.lowlevel.checkpoint()
        found = self._find(thread_id, archived=archived)
        return None if found is None else StoredThread(found.thread_id, None, found.is_archived)

    async def locate_path(self, path: Path) -> StoredThread | None:
        """Find none: no file holds a thread of this store."""
        await trio.lowlevel.checkpoint()

    async def read(self, thread_id: str) -> ThreadSummary | None:
        await trio.lowlevel.checkpoint()
        found = self._find(thread_id, archived=None)
        rows = await self._rows([] if found is None else [found])
        return rows[0].summary if rows else None

    async def read_path(self, path: Path) -> ThreadSummary | None:
        """Find none: no file holds a thread of this store."""
        await trio.lowlevel.checkpoint()

    async def list(self, query: ThreadQuery) -> ThreadPage:
        rows = [self._placed(row) for row in await self._rows(self._threads.values())]
        return await trio.to_thread.run_sync(memory_rows.page, rows, query)

    async def recencies(self) -> Mapping[str, int]:
        """Return when something was last written to each thread that a list of those not archived can show."""
        rows = await self._rows(self._threads.values())
        return {
            row.summary.thread_id: row.summary.updated_at_ms
            for row in rows
            if row.is_listable and not row.summary.is_archived
        }

    async def archived(self) -> Mapping[str, bool]:
        """Of each thread, whether it is archived."""
        await trio.lowlevel.checkpoint()
        return {thread_id: thread.is_archived for thread_id, thread in self._threads.items()}

    def _placed(self, row: MemoryRow) -> MemoryRow:
        """Return the row with where its thread stands."""
        thread_id = row.summary.thread_id
        place = self._tables.section_places.get(thread_id)
        return msgspec.structs.replace(
            row,
            project_id=self._tables.thread_projects.get(thread_id),
            section_id=None if place is None else place.section_id,
            section_position=0 if place is None else place.position,
        )

    async def search(self, query: SearchQuery) -> SearchPage:
        threads = dict(self._threads)
        rows = await self._rows(threads.values())
        return await trio.to_thread.run_sync(_search, rows, query, threads)

    async def glance(self, query: SearchQuery, *, known: Collection[str] = ()) -> Sequence[SearchHit]:
        query = msgspec.structs.replace(query, cursor=None, limit=GLANCED + len(known))
        return [hit for hit in (await self.search(query)).hits if hit.thread.thread_id not in known][:GLANCED]

    def _find(self, thread_id: str, *, archived: bool | None) -> MemoryThread | None:
        found = self._threads.get(thread_id.lower())
        return None if found is None or archived not in (None, found.is_archived) else found

    async def _rows(self, threads: Iterable[MemoryThread]) -> list[MemoryRow]:
        """Return these threads as they are now."""
        asked = [(thread, self._told_of(thread), self._names.get(thread.thread_id)) for thread in threads]

        def make() -> list[MemoryRow]:
            rows = (thread.row(told, name, self._locate_base) for thread, told, name in asked)
            return [row for row in rows if row is not None]

        return await trio.to_thread.run_sync(make)

    def _told_of(self, thread: MemoryThread) -> ThreadSummary | None:
        tell = self._loaded.get(thread.thread_id)
        return None if tell is None else tell()

    # --- putting away ---

    async def archive(self, thread_id: str) -> Sequence[str]:
        return await self._move(thread_id, to_archive=True)

    async def unarchive(self, thread_id: str) -> Sequence[str]:
        return await self._move(thread_id, to_archive=False)

    async def _move(self, thread_id: str, *, to_archive: bool) -> Sequence[str]:
        family = await self._family(thread_id, archived=not to_archive)
        if not family:
            raise no_rollout(thread_id, archived=not to_archive)
        for member in family:
            self._threads[member].is_archived = to_archive
        return list(family)

    async def check_deletable(self, thread_id: str) -> None:
        await self._deletable(thread_id)

    async def delete(self, thread_id: str) -> Sequence[str]:
        family = await self._deletable(thread_id)
        for member, rollouts in family.items():
            self._threads.pop(member, None)
            self._names.pop(member, None)
            for lines in rollouts:
                lines.drop()
        self._graph.forget(family)
        self._read_states.forget(family)
        self._tables.forget(family)
        return list(family)

    async def _deletable(self, thread_id: str) -> dict[str, list[MemoryLines]]:
        """Return the rollouts that deleting a thread removes. Raises ThreadStoreError."""
        family = await self._family(thread_id, archived=None)
        if not family:
            raise no_rollout(thread_id)
        staying = [thread for thread in self._threads.values() if thread.thread_id not in family]
        needed = await trio.to_thread.run_sync(_bases_of, [lines for thread in staying for lines in thread.rollouts])
        for member, rollouts in family.items():
            if any(lines.rollout_name.base_id in needed for lines in rollouts):
                raise still_needed(member)
        return family

    async def _family(self, thread_id: str, *, archived: bool | None) -> dict[str, list[MemoryLines]]:
        async def rollouts(member: str) -> list[MemoryLines]:
            await trio.lowlevel.checkpoint()
            found = self._find(member, archived=archived)
            return [] if found is None else list(found.rollouts)

        return await family_of(thread_id, self._graph, rollouts)

    # --- names ---

    async def name(self, thread_id: str) -> str | None:
        await trio.lowlevel.checkpoint()
        return self._names.get(thread_id.lower())

    async def set_name(self, thread_id: str, name: str) -> None:
        await trio.lowlevel.checkpoint()
        self._names[thread_id.lower()] = name

    # --- loaded threads ---

    def writing(self, thread_id: str) -> AbstractAsyncContextManager[None]:
        """Let the thread be written at once: no other process can."""
        return contextlib.nullcontext()

    def attach(self, thread_id: str, summary: Callable[[], ThreadSummary | None]) -> None:
        self._loaded[thread_id] = summary

    def changed(self, thread_id: str) -> None:
        """Do nothing: loaded threads are asked for every list."""

    def detach(self, thread_id: str) -> None:
        self._loaded.pop(thread_id, None)


def _search(rows: Sequence[MemoryRow], query: SearchQuery, threads: Mapping[str, MemoryThread]) -> SearchPage:
    pattern = pattern_of(query.term)

    def has_words(thread: ThreadSummary) -> bool:
        return any(pattern.search(text) for text in threads[thread.thread_id].texts())

    page = memory_rows.page(rows, paging.listing_of(query), condition=has_words)
    return paging.hits_of(
        page,
        [snippet_of(threads[thread.thread_id].texts(), pattern, otherwise=thread.preview) for thread in page.threads],
    )


def _bases_of(rollouts: Sequence[MemoryLines]) -> set[str]:
    """Return what those rollouts call the ones that they build on."""
    metas = (read_meta(lines) for lines in rollouts if lines.size)
    return {meta.history_base.thread_id for meta in metas if meta is not None and meta.history_base is not None}
