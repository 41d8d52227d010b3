"""What is remembered of threads, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from codex_trio.state.store.memories import MemoryJob, MemoryRows, MemorySummary, Result, ThreadMemory


class _Rows:
    def __init__(self, before: _Rows | None = None) -> None:
        """Begin with what there is in other rows, to be changed apart from these."""
        self.jobs: dict[str, MemoryJob] = {} if before is None else dict(before.jobs)
        self.memories: dict[str, ThreadMemory] = {} if before is None else dict(before.memories)
        self.latest: MemorySummary | None = None if before is None else before.latest

    def job(self, key: str) -> MemoryJob | None:
        return self.jobs.get(key)

    def put_job(self, job: MemoryJob) -> None:
        self.jobs[job.key] = job

    def drop_job(self, key: str) -> None:
        self.jobs.pop(key, None)

    def memory(self, thread_id: str) -> ThreadMemory | None:
        return self.memories.get(thread_id)

    def put_memory(self, memory: ThreadMemory) -> None:
        self.memories[memory.thread_id] = memory

    def drop_memory(self, thread_id: str) -> None:
        self.memories.pop(thread_id, None)

    def consolidated(self) -> Sequence[str]:
        return sorted(one.thread_id for one in self.memories.values() if one.consolidated_ms is not None)

    def selected(self, *, limit: int, since_ms: int) -> Sequence[ThreadMemory]:
        def wanted(one: ThreadMemory) -> bool:
            return max(one.source_updated_at_ms, one.last_used_at_ms or 0) >= since_ms

        found = sorted(filter(wanted, self.memories.values()), key=lambda one: one.thread_id)
        found.sort(key=lambda one: (one.usage_count, one.source_updated_at_ms), reverse=True)
        return found[:limit]

    def summary(self) -> MemorySummary | None:
        return self.latest

    def put_summary(self, summary: MemorySummary | None) -> None:
        self.latest = summary

    def clear(self) -> None:
        self.jobs.clear()
        self.memories.clear()
        self.latest = None


class InMemoryMemoriesStore:
    """Those of a process that keeps nothing."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._rows = _Rows()

    async def read(self, work: Callable[[MemoryRows], Result]) -> Result:
        await trio.lowlevel.checkpoint()
        return work(self._rows)

    async def keep(self, work: Callable[[MemoryRows], Result]) -> Result:
        await trio.lowlevel.checkpoint()
        rows = _Rows(self._rows)
        result = work(rows)
        self._rows = rows
        return result
