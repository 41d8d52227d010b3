"""Threads kept as rollout files, found by way of the state database.

Owns the `ThreadStore` for CODEX_HOME. Does not own the files' form (state/rollout) nor when they are looked at
(state/index). Built once by the thread layer; the database that it is given may be one in memory, when the file of that
name cannot be used: then everything works, and is found out anew by each process.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import SqlValue, StateDb
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.history.stored_index import HistoryReader, IndexCache
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.local.writers import ThreadWriters
from codex_trio.state.rollout.compressed import DamagedRollout, compressed_path, put_back
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.paths import ArchiveError, RolloutName, RolloutPaths
from codex_trio.state.rollout.sources import LineSource
from codex_trio.state.store.contents import FileVersion, IndexedRollout, of_summary, read_rollout
from codex_trio.state.store.families import family_of, no_rollout, still_needed
from codex_trio.state.store.interface import (
    AgentGraphStore,
    MetadataPatch,
    SearchHit,
    SearchPage,
    SearchQuery,
    StoredThread,
    ThreadPage,
    ThreadQuery,
    ThreadStoreError,
    ThreadSummary,
)
from codex_trio.state.store.recording import RecordingStore
from codex_trio.util.abandonable import abandonable
from codex_trio.util.short_jobs import ShortJobs

_Result = TypeVar("_Result")

LOOK_SECONDS = 10.0
"""How long a disk may take to show a file that a request names by its path."""

COMPRESSING_SECONDS = 0.5
"""How long another server may lock a thread only to keep it compressed: moments, and those who load one keep it."""

_PAUSE = 0.02


class LocalThreadStore(RecordingStore):
    def __init__(
        self,
        index: RolloutIndex,
        text: ThreadTextIndex,
        database: StateDb,
        *,
        paths: RolloutPaths,
        names: ThreadNames,
        graph: AgentGraphStore,
        writers: ThreadWriters,
        spans: IndexCache | None = None,
        jobs: ShortJobs | None = None,
    ) -> None:
        """`jobs` append to the files."""
        super().__init__(HistoryReader(locator_of(paths.locate_base), cache=spans))
        self._jobs = jobs
        self._index = index
        self._text = text
        self._database = database
        self._writers = writers
        self._paths = paths
        self._names = names
        self._graph = graph
        # Loaded threads of this process tell of themselves: no file of theirs is read for a list.
        self._loaded: dict[str, Callable[[], ThreadSummary | None]] = {}
        self._dirty: set[str] = set()
        self._flushing = trio.Lock()
        self._generation = database.generation

    def _new_source(self, name: RolloutName) -> FileLines:
        return FileLines(self._paths.place(name), self._jobs)

    def _source_of(self, thread: StoredThread) -> FileLines:
        assert thread.path is not None
        return FileLines(thread.path, self._jobs)

    async def open(self, thread: StoredThread) -> RolloutRecorder:
        if thread.path is not None:
            await trio.to_thread.run_sync(_put_back, thread.path)
        return await super().open(thread)

    async def update_metadata(self, thread_id: str, patch: MetadataPatch) -> ThreadSummary:
        async with AsyncExitStack() as stack:
            # So that nobody compresses it meanwhile. Who has it loaded does not do that, but leaves it locked.
            with trio.move_on_after(COMPRESSING_SECONDS):
                await self._take_patiently(thread_id, stack)
            return await super().update_metadata(thread_id, patch)

    async def _take_patiently(self, thread_id: str, stack: AsyncExitStack) -> None:
        while True:
            try:
                await stack.enter_async_context(self.writing(thread_id))
            except ThreadStoreError as error:
                if error.kind != "conflict":
                    return
            else:
                return
            await trio.sleep(_PAUSE)

    # --- finding ---

    async def locate(self, thread_id: str, *, archived: bool | None = None) -> StoredThread | None:
        row = await self._find(thread_id, archived=archived)
        return None if row is None else _stored(row)

    async def locate_path(self, path: Path) -> StoredThread | None:
        own = await self._own_path(path)
        row = None if own is None else await self._retrying(partial(self._index.at, own))
        return None if row is None or row.facts is None else _stored(row)

    async def read(self, thread_id: str) -> ThreadSummary | None:
        row = await self._find(thread_id, archived=None)
        return None if row is None else row.summary(await self.name(row.thread_id))

    async def read_path(self, path: Path) -> ThreadSummary | None:
        own = await self._own_path(path)
        if own is not None:
            row = await self._retrying(partial(self._index.at, own))
        else:
            # Only looked at: what is kept of it would make it a thread of ours.
            row = await self._look(partial(read_rollout, path, is_archived=False, locate_base=_nowhere))
        return None if row is None else row.summary(await self.name(row.thread_id))

    async def _own_path(self, path: Path) -> Path | None:
        return await self._look(partial(self._paths.own, path))

    async def _look(self, look: Callable[[], _Result]) -> _Result:
        try:
            return await abandonable(LOOK_SECONDS, look)
        except TimeoutError as error:
            raise ThreadStoreError("internal", f"the file {error.strerror}") from error

    async def list(self, query: ThreadQuery) -> ThreadPage:
        await self._flush()
        return await self._retrying(partial(self._index.page, query, is_loaded=self._loaded.__contains__))

    async def search(self, query: SearchQuery) -> SearchPage:
        await self._flush()
        return await self._retrying(partial(self._text.search, query, is_loaded=self._loaded.__contains__))

    async def glance(self, query: SearchQuery, *, known: Collection[str] = ()) -> Sequence[SearchHit]:
        found = await self._retrying(
            partial(self._text.glance, query, known=known, is_loaded=self._loaded.__contains__)
        )
        if not found:
            return ()
        names = await trio.to_thread.run_sync(self._names.all)
        return [
            SearchHit(thread=thread, snippet=snippet)
            for row, snippet in found
            if (thread := row.summary(names.get(row.thread_id))) is not None
        ]

    async def _find(self, thread_id: str, *, archived: bool | None) -> IndexedRollout | None:
        await self._flush()
        rows = await self._retrying(partial(self._index.find, thread_id, is_loaded=self._loaded.__contains__))
        return next((row for row in rows if archived is None or row.is_archived == archived), None)

    async def _retrying(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        try:
            return await self._database.retrying_on_replacement(call)
        except StateDbError as error:
            raise ThreadStoreError("internal", str(error)) from error

    # --- putting away ---

    async def archive(self, thread_id: str) -> Sequence[str]:
        return await self._move(thread_id, to_archive=True)

    async def unarchive(self, thread_id: str) -> Sequence[str]:
        return await self._move(thread_id, to_archive=False)

    async def check_deletable(self, thread_id: str) -> None:
        await self._deletable(thread_id)

    async def delete(self, thread_id: str) -> Sequence[str]:
        families = await self._deletable(thread_id)
        paths = [row.path for rows in families.values() for row in rows]
        async with self._writing_all(families):
            await trio.to_thread.run_sync(_unlink, paths)
        await trio.to_thread.run_sync(self._names.remove, list(families))
        await self._retrying(partial(self._index.forget, list(families)))
        return list(families)

    async def _deletable(self, thread_id: str) -> dict[str, list[IndexedRollout]]:
        """Return the files that deleting a thread removes. Raises ThreadStoreError."""
        families = await self._family(thread_id, archived=None)
        if not families:
            raise no_rollout(thread_id)
        for member, rows in families.items():
            for row in rows:
                if await self._index.builders_on(row.rollout_name().base_id) - families.keys():
                    raise still_needed(member)
        return families

    async def _move(self, thread_id: str, *, to_archive: bool) -> Sequence[str]:
        families = await self._family(thread_id, archived=not to_archive)
        if not families:
            raise no_rollout(thread_id, archived=not to_archive)

        moved: dict[Path, Path] = {}

        def move() -> None:
            for row in (row for rows in families.values() for row in rows):
                moved[row.path] = self._paths.move(row.path, row.rollout_name(), to_archive=to_archive)

        try:
            async with self._writing_all(families):
                await trio.to_thread.run_sync(move)
        except ArchiveError as error:
            raise ThreadStoreError("internal", str(error)) from error
        finally:
            await self._retrying(partial(self._index.moved, moved, to_archive=to_archive))
        return list(families)

    async def _family(self, thread_id: str, *, archived: bool | None) -> dict[str, list[IndexedRollout]]:
        """Return the files of a thread and of what its agents spawned, oldest first; empty when its own
        are not there.
        """
        # Who spawned whom stands in the files.
        await self._retrying(self._index.read_all)

        async def rollouts(member: str) -> list[IndexedRollout]:
            rows = await self._retrying(partial(self._index.find, member, is_loaded=self._loaded.__contains__))
            return [row for row in rows[::-1] if archived is None or row.is_archived == archived]

        return await family_of(thread_id, self._graph, rollouts)

    # --- names ---

    async def name(self, thread_id: str) -> str | None:
        return await trio.to_thread.run_sync(self._names.get, thread_id)

    async def set_name(self, thread_id: str, name: str) -> None:
        try:
            await trio.to_thread.run_sync(self._names.set, thread_id, name)
        except OSError as error:
            raise ThreadStoreError("internal", f"failed to write {error.filename}: {error.strerror}") from error

    # --- the index ---

    async def settle(self, threads: str, *values: SqlValue) -> None:
        """See to it that the index has what is new about the threads that a statement gives the ids of.

        Raises ThreadStoreError (internal).
        """
        await self._flush()
        await self._retrying(partial(self._index.settle, threads, *values))

    # --- loaded threads ---

    def writing(self, thread_id: str) -> AbstractAsyncContextManager[None]:
        return self._writers.writing(thread_id)

    @asynccontextmanager
    async def _writing_all(self, thread_ids: Iterable[str]) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for thread_id in thread_ids:
                await stack.enter_async_context(self.writing(thread_id))
            yield

    def attach(self, thread_id: str, summary: Callable[[], ThreadSummary | None]) -> None:
        self._loaded[thread_id] = summary
        self._dirty.add(thread_id)

    def changed(self, thread_id: str) -> None:
        if thread_id in self._loaded:
            self._dirty.add(thread_id)

    def detach(self, thread_id: str) -> None:
        self._loaded.pop(thread_id, None)
        self._dirty.discard(thread_id)

    async def _flush(self) -> None:
        """Write down what loaded threads have to tell."""
        if self._generation != self._database.generation:
            # Another database may know nothing of them, or what was so a while ago.
            self._generation = self._database.generation
            self._dirty |= self._loaded.keys()
        if not self._dirty:
            return
        async with self._flushing:
            asked, self._dirty = self._dirty, set()
            told = {thread_id: self._loaded[thread_id]() for thread_id in asked if thread_id in self._loaded}
            rows = await trio.to_thread.run_sync(
                _rows_of, [summary for summary in told.values() if summary is not None]
            )
            # A thread in which nobody has said anything yet is asked again: nothing else tells when somebody has.
            self._dirty |= told.keys() - {row.thread_id for row in rows if row.is_listable}
            try:
                await self._retrying(partial(self._index.put, rows))
            except ThreadStoreError:
                self._dirty |= told.keys()
                raise


def _nowhere(_base_id: str, _seen: frozenset[LineSource]) -> None:
    """Find none: the lines that a file from elsewhere builds on are not looked for."""


def _stored(row: IndexedRollout) -> StoredThread:
    return StoredThread(thread_id=row.thread_id, path=row.path, is_archived=row.is_archived)


def _rows_of(summaries: Sequence[ThreadSummary]) -> list[IndexedRollout]:
    """Return the rows of those that have a file."""
    found = [(summary, FileVersion.of(summary.path)) for summary in summaries if summary.path is not None]
    return [of_summary(summary, version) for summary, version in found if version is not None]


def _put_back(path: Path) -> None:
    """Make a rollout one that can be written to. Raises RolloutReadError, RolloutWriteError."""
    try:
        put_back(path)
    except DamagedRollout as error:
        raise RolloutReadError(path, error.strerror or str(error)) from error
    except OSError as error:
        raise RolloutWriteError(path, error.errno or 0, error.strerror or str(error)) from error


def _unlink(paths: Sequence[Path]) -> None:
    """Remove files. Raises ThreadStoreError."""
    for path in paths:
        try:
            # The plain one, which counts, last.
            compressed_path(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ThreadStoreError("internal", f"failed to delete {path}: {error.strerror}") from error
