"""Threads kept in memory, with all that belongs to them: nothing is left of it when the process ends.

Owns the wiring. Called by `app.py`, for `experimental_thread_store = { type = "in_memory", ... }`.
"""

from __future__ import annotations

import trio

from codex_trio.state.memory.graph import MemoryAgentGraph
from codex_trio.state.memory.queues import MemoryInputQueues
from codex_trio.state.memory.read_states import MemoryReadStates
from codex_trio.state.memory.store import MemoryThreadStore
from codex_trio.state.store.storage import ThreadStorage


def memory_storage() -> ThreadStorage:
    """No threads yet."""
    graph, read_states = MemoryAgentGraph(), MemoryReadStates()
    return ThreadStorage(
        store=MemoryThreadStore(graph, read_states),
        graph=graph,
        read_states=read_states,
        queues=MemoryInputQueues(),
        run=trio.lowlevel.checkpoint,
    )
