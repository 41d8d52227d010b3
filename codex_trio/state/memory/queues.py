"""Messages that wait until their thread is free, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from codex_trio.state.store.queues import QueuedInput


class MemoryInputQueues:
    """Those of a process that keeps nothing."""

    def __init__(self) -> None:
        self._queues: dict[str, list[QueuedInput]] = {}

    async def append(self, thread_id: str, queued: QueuedInput) -> None:
        await trio.lowlevel.checkpoint()
        self._queues.setdefault(thread_id, []).append(queued)

    async def replace(
        self, thread_id: str, queued_id: str, *, content: list[dict[str, Any]], metadata: Mapping[str, str] | None
    ) -> QueuedInput | None:
        await trio.lowlevel.checkpoint()
        found = self._find(thread_id, queued_id)
        if found is None:
            return None
        changed = msgspec.structs.replace(found, content=content, metadata=metadata or found.metadata)
        return self._put(thread_id, found, changed)

    async def remove(self, thread_id: str, queued_id: str) -> bool:
        await trio.lowlevel.checkpoint()
        found = self._find(thread_id, queued_id)
        if found is None:
            return False
        self._queues[thread_id].remove(found)
        return True

    async def arrange(self, thread_id: str, queued_ids: Sequence[str]) -> bool:
        await trio.lowlevel.checkpoint()
        waiting = {queued.id: queued for queued in self._waiting(thread_id)}
        if sorted(waiting) != sorted(queued_ids):
            return False
        claimed = [queued for queued in self._queues.get(thread_id, ()) if queued.turn_id is not None]
        self._queues[thread_id] = [*claimed, *(waiting[queued_id] for queued_id in queued_ids)]
        return True

    async def waiting(self, thread_id: str, *, offset: int = 0, limit: int | None = None) -> Sequence[QueuedInput]:
        await trio.lowlevel.checkpoint()
        return self._waiting(thread_id)[offset:][:limit]

    async def claim(self, thread_id: str, turn_id: str, *, queued_id: str | None = None) -> QueuedInput | None:
        await trio.lowlevel.checkpoint()
        waiting = self._waiting(thread_id)
        found = next((queued for queued in waiting if queued_id in (None, queued.id)), None)
        if found is None:
            return None
        return self._put(thread_id, found, msgspec.structs.replace(found, turn_id=turn_id))

    async def claimed(self, thread_id: str) -> Sequence[QueuedInput]:
        await trio.lowlevel.checkpoint()
        return [queued for queued in self._queues.get(thread_id, ()) if queued.turn_id is not None]

    async def release(self, thread_id: str, turn_id: str) -> None:
        for queued in await self.claimed(thread_id):
            if queued.turn_id == turn_id:
                self._put(thread_id, queued, msgspec.structs.replace(queued, turn_id=None))

    async def finish(self, thread_id: str, turn_id: str) -> None:
        for queued in await self.claimed(thread_id):
            if queued.turn_id == turn_id:
                self._queues[thread_id].remove(queued)

    async def forget(self, thread_ids: Iterable[str]) -> None:
        await trio.lowlevel.checkpoint()
        for thread_id in thread_ids:
            self._queues.pop(thread_id, None)

    def _waiting(self, thread_id: str) -> list[QueuedInput]:
        return [queued for queued in self._queues.get(thread_id, ()) if queued.turn_id is None]

    def _find(self, thread_id: str, queued_id: str) -> QueuedInput | None:
        return next((queued for queued in self._waiting(thread_id) if queued.id == queued_id), None)

    def _put(self, thread_id: str, old: QueuedInput, new: QueuedInput) -> QueuedInput:
        queue = self._queues[thread_id]
        queue[queue.index(old)] = new
        return new
