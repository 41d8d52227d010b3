"""Threads kept as files under CODEX_HOME, with all that finds them again.

Owns the wiring.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import trio

from codex_trio.state.db.copying import copy_at_the_end, keep_copies
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.local.attachments import LocalAttachments
from codex_trio.state.local.compressor import RolloutCompressor
from codex_trio.state.local.goals import LocalGoals
from codex_trio.state.local.graph import LocalAgentGraph
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.lock import IndexLock
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.index.service import IndexService
from codex_trio.state.local.index.span_cache import SpanCache
from codex_trio.state.local.memories import LocalMemoriesStore
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.local.placements import LocalPlacements
from codex_trio.state.local.projects import LocalProjects
from codex_trio.state.local.queues import LocalInputQueues
from codex_trio.state.local.read_states import LocalReadStates
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.local.sections import LocalSections
from codex_trio.state.local.store import LocalThreadStore
from codex_trio.state.local.writers import ThreadWriters
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.memories import Memories
from codex_trio.state.store.storage import ThreadStorage
from codex_trio.util.private_folder import close_to_others
from codex_trio.util.short_jobs import ShortJobs


def local_storage(codex_home: Path, database: StateDb, *, quiet: Callable[[float], Awaitable[None]]) -> ThreadStorage:
    """Return the threads of that home. `quiet` returns once clients have asked for nothing for so many seconds."""
    paths = RolloutPaths(codex_home)
    for folder in (paths.sessions, paths.archived_sessions):
        close_to_others(folder)
    names = ThreadNames(codex_home)
    graph = LocalAgentGraph(database)
    index = RolloutIndex(database, codex_home=codex_home, paths=paths, names=names)
    text = ThreadTextIndex(index, database)
    spans = SpanCache(database)
    read_states = LocalReadStates(database)
    jobs = ShortJobs()
    writers = ThreadWriters(codex_home)
    compressor = RolloutCompressor(index, home=codex_home, paths=paths, writers=writers, quiet=quiet)
    store = LocalThreadStore(
        index,
        text,
        database,
        paths=paths,
        names=names,
        graph=graph,
        writers=writers,
        spans=spans,
        jobs=jobs,
    )
    lock = IndexLock(database.path if database.is_persistent else None)
    service = IndexService(index, text, lock, quiet=quiet)
    retrying = RetryingDb(database)
    return ThreadStorage(
        store=store,
        graph=graph,
        read_states=read_states,
        queues=LocalInputQueues(database),
        goals=LocalGoals(database),
        memories=Memories(LocalMemoriesStore(database)),
        projects=LocalProjects(retrying, settle=store.settle),
        sections=LocalSections(retrying),
        attachments=LocalAttachments(retrying, settle=store.settle),
        placements=LocalPlacements(database),
        compress=compressor.begin,
        run=partial(
            _run,
            (
                jobs.run,
                service.run,
                spans.run,
                read_states.run,
                compressor.run,
                partial(keep_copies, database, quiet=quiet),
            ),
            database,
        ),
    )


async def _run(services: Sequence[Callable[[], Awaitable[None]]], database: StateDb) -> None:
    try:
        async with trio.open_nursery() as nursery:
            for service in services:
                nursery.start_soon(service)
    finally:
        await copy_at_the_end(database)
