"""Threads kept in memory, with all that belongs to them: nothing is left of it when the process ends.

Owns the wiring.
"""

from __future__ import annotations

import trio

from codex_trio.state.memory.attachments import MemoryAttachments
from codex_trio.state.memory.goals import MemoryGoals
from codex_trio.state.memory.graph import MemoryAgentGraph
from codex_trio.state.memory.memories import InMemoryMemoriesStore
from codex_trio.state.memory.organisation import MemoryPlacements, MemoryTables
from codex_trio.state.memory.projects import MemoryProjects
from codex_trio.state.memory.queues import MemoryInputQueues
from codex_trio.state.memory.read_states import MemoryReadStates
from codex_trio.state.memory.sections import MemorySections
from codex_trio.state.memory.store import MemoryThreadStore
from codex_trio.state.store.memories import Memories
from codex_trio.state.store.storage import ThreadStorage


def memory_storage() -> ThreadStorage:
    """No threads yet."""
    graph, read_states, tables = MemoryAgentGraph(), MemoryReadStates(), MemoryTables()
    store = MemoryThreadStore(graph, read_states, tables)
    return ThreadStorage(
        store=store,
        graph=graph,
        read_states=read_states,
        queues=MemoryInputQueues(),
        goals=MemoryGoals(),
        memories=Memories(InMemoryMemoriesStore()),
        projects=MemoryProjects(tables, recencies=store.recencies),
        sections=MemorySections(tables),
        attachments=MemoryAttachments(tables, archived=store.archived),
        placements=MemoryPlacements(tables),
        compress=_nothing,
        run=trio.lowlevel.checkpoint,
    )


def _nothing() -> None:
    """There are no files to compress."""
