"""Stores of threads to test: one that keeps files, and one that keeps nothing, filled and asked in the same way."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import trio
from rollout_lab import completed, everything, user_message

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.history.values import StoredTurn
from codex_trio.state.local.attachments import LocalAttachments
from codex_trio.state.local.graph import LocalAgentGraph
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.local.placements import LocalPlacements
from codex_trio.state.local.projects import LocalProjects
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.local.sections import LocalSections
from codex_trio.state.local.store import LocalThreadStore
from codex_trio.state.local.writers import ThreadWriters
from codex_trio.state.memory.attachments import MemoryAttachments
from codex_trio.state.memory.graph import MemoryAgentGraph
from codex_trio.state.memory.organisation import MemoryPlacements, MemoryTables
from codex_trio.state.memory.projects import MemoryProjects
from codex_trio.state.memory.read_states import MemoryReadStates
from codex_trio.state.memory.sections import MemorySections
from codex_trio.state.memory.store import MemoryThreadStore
from codex_trio.state.rollout.lines import Payload, SessionMeta, format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.attachments import AttachmentStore
from codex_trio.state.store.interface import (
    AgentGraphStore,
    MetadataPatch,
    SearchPage,
    SearchQuery,
    StoredThread,
    ThreadPage,
    ThreadQuery,
    ThreadStore,
)
from codex_trio.state.store.placements import Placements
from codex_trio.state.store.projects import ProjectStore
from codex_trio.state.store.sections import SectionStore

NOW_MS = 1_795_350_000_500


class Home(ABC):
    """A store with threads in it, and questions to it. Paths of folders are made below `path`."""

    store: ThreadStore
    graph: AgentGraphStore
    projects: ProjectStore
    sections: SectionStore
    attachments: AttachmentStore
    placements: Placements

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_ms = NOW_MS

    def clock(self) -> int:
        return self.now_ms

    # --- filling ---

    @abstractmethod
    async def at_time(self, thread_id: str, unix_ms: int) -> None:
        """Make it so that the thread was written to last at that time."""

    async def add(self, text: str | None, *lines: Payload, at: int = 0, updated: int | None = None, **meta: Any) -> str:
        """Return a thread created `at` milliseconds in which that was said, and what else was recorded; its id."""
        recorder = self.create(at=at, **meta)
        said = [] if text is None else [completed(recorder.meta.id, "t", user_message(text))]
        await recorder.materialize()
        await recorder.append([*said, *lines])
        await recorder.aclose()
        await self.at_time(recorder.meta.id, NOW_MS + (at if updated is None else updated))
        return recorder.meta.id

    def create(self, *, at: int = 0, **meta: Any) -> ThreadRecorder:
        """Return a recorder for a thread created `at` milliseconds."""
        fields = {
            "id": uuid7(),
            "timestamp": format_timestamp(NOW_MS + at),
            "cwd": "/work",
            "source": "vscode",
            "model_provider": "scripted",
            "history_mode": "paginated",
            **meta,
        }
        return self.store.create(msgspec.convert(fields, SessionMeta))

    async def stored(self, thread_id: str) -> StoredThread:
        found = await self.store.locate(thread_id)
        assert found is not None
        return found

    # --- asking ---

    async def page(self, **query: Any) -> ThreadPage:
        with trio.fail_after(10):
            return await self.store.list(ThreadQuery(**query))

    async def ids(self, **query: Any) -> list[str]:
        return [row.thread_id for row in (await self.page(**query)).threads]

    async def walk(self, **query: Any) -> list[list[str]]:
        """Return every page, to the last."""
        pages: list[list[str]] = []
        cursor = None
        while True:
            page = await self.page(cursor=cursor, **query)
            pages.append([row.thread_id for row in page.threads])
            cursor = page.next_cursor
            if cursor is None:
                return pages

    async def search(self, term: str, **query: Any) -> SearchPage:
        with trio.fail_after(20):
            return await self.store.search(SearchQuery(term=term, **query))

    async def found(self, term: str, **query: Any) -> list[str]:
        return [hit.thread.thread_id for hit in (await self.search(term, **query)).hits]

    async def turns(self, thread_id: str) -> list[StoredTurn]:
        """Return what is stored of a thread, its turns read in full."""
        return everything(await self.store.history(await self.stored(thread_id))).turns


class FilesHome(Home):
    """Threads in the files of a CODEX_HOME."""

    def __init__(self, path: Path, database: StateDb, *, index_of: Callable[..., RolloutIndex] = RolloutIndex) -> None:
        super().__init__(path)
        self.database = database
        self.paths = RolloutPaths(path)
        names = ThreadNames(path)
        self.graph = LocalAgentGraph(database)
        index = index_of(database, codex_home=path, paths=self.paths, names=names)
        self.text = ThreadTextIndex(index, database)
        self.store = LocalThreadStore(
            index,
            self.text,
            database,
            paths=self.paths,
            names=names,
            graph=self.graph,
            writers=ThreadWriters(path),
        )
        retrying = RetryingDb(database)
        self.projects = LocalProjects(retrying, settle=self.store.settle, clock=self.clock)
        self.sections = LocalSections(retrying, clock=self.clock)
        self.attachments = LocalAttachments(retrying, settle=self.store.settle, clock=self.clock)
        self.placements = LocalPlacements(database)

    def file(self, thread_id: str) -> Path:
        """Return the file that a thread goes on in."""
        found = self.paths.find(thread_id)
        assert found is not None
        return found.path

    async def at_time(self, thread_id: str, unix_ms: int) -> None:
        os.utime(self.file(thread_id), ns=(unix_ms * 1_000_000, unix_ms * 1_000_000))


class MemoryHome(Home):
    """Threads in this process."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.graph = MemoryAgentGraph()
        tables = MemoryTables()
        store = self.store = MemoryThreadStore(self.graph, MemoryReadStates(), tables, clock=self.clock)
        self.projects = MemoryProjects(tables, recencies=store.recencies, clock=self.clock)
        self.sections = MemorySections(tables, clock=self.clock)
        self.attachments = MemoryAttachments(tables, archived=store.archived, clock=self.clock)
        self.placements = MemoryPlacements(tables)

    async def at_time(self, thread_id: str, unix_ms: int) -> None:
        self.now_ms, now = unix_ms, self.now_ms
        await self.store.update_metadata(thread_id, MetadataPatch())
        self.now_ms = now
