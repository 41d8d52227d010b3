"""Which thread was started by which, for a process that keeps nothing.

Owns the spawn edges in memory. Those of threads come from their metadata, with the store; what is recorded counts more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import trio

from codex_trio.state.store.interface import EdgeStatus


class MemoryAgentGraph:
    """The edges of a process that keeps nothing."""

    def __init__(self) -> None:
        self._edges: dict[str, tuple[str, EdgeStatus]] = {}

    def learn(self, parent_thread_id: str, child_thread_id: str) -> None:
        """Take it that a thread started another, unless something was recorded of that one."""
        self._edges.setdefault(child_thread_id.lower(), (parent_thread_id.lower(), "open"))

    def forget(self, child_thread_ids: Iterable[str]) -> None:
        """Drop what started these threads, which are gone."""
        for thread_id in child_thread_ids:
            self._edges.pop(thread_id.lower(), None)

    async def upsert(self, parent_thread_id: str, child_thread_id: str, status: EdgeStatus) -> None:
        await trio.lowlevel.checkpoint()
        self._edges[child_thread_id.lower()] = (parent_thread_id.lower(), status)

    async def set_status(self, child_thread_id: str, status: EdgeStatus) -> None:
        await trio.lowlevel.checkpoint()
        edge = self._edges.get(child_thread_id.lower())
        if edge is not None:
            self._edges[child_thread_id.lower()] = (edge[0], status)

    async def children(self, parent_thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        return self._children(parent_thread_id.lower(), status)

    async def descendants(self, thread_id: str, status: EdgeStatus | None = None) -> Sequence[str]:
        await trio.lowlevel.checkpoint()
        found: list[str] = []
        level = [thread_id.lower()]
        while level:
            below = {child for parent in level for child in self._children(parent, status)}
            level = sorted(below - {thread_id.lower(), *found})
            found += level
        return found

    def _children(self, parent: str, status: EdgeStatus | None) -> list[str]:
        return sorted(
            child
            for child, (edge_parent, edge_status) in self._edges.items()
            if edge_parent == parent and status in (None, edge_status)
        )
