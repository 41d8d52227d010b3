"""What is remembered of threads, and the work on it: what a store of memories promises.

Owns the values, the tables as a port, and the rules that hold whoever keeps them: work is leased, so that two servers
of a home never do the same; it is finished together with what came of it, so that a process that dies at any moment
loses nothing and repeats nothing; and what keeps failing is given up. Does not own what the work is (engine/memories,
threads/memories).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.util.clock import now_ms

Result = TypeVar("Result")

LEASE_MS = 15 * 60 * 1000
"""How long work may take without a sign of life. What is left over when a process dies is taken up after this."""

RETRY_MS = 60 * 60 * 1000
"""How long work that failed waits (0.171.0)."""

ATTEMPTS = 3
"""How often work on one state of things is tried (0.171.0)."""

CONSOLIDATION = "consolidation"
"""The key of the work that brings all memories together."""

_RESET = "reset"
_UNDONE = -1


class MemoryJob(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work: `wanted` is the state of things that it is to be done for, `done` the one it was done for.

    Times are Unix milliseconds.
    """

    key: str
    wanted: int
    done: int = _UNDONE
    token: str | None = None
    """Whose it is now, until `lease_until_ms`."""
    lease_until_ms: int = 0
    retry_at_ms: int = 0
    attempts_left: int = ATTEMPTS
    error: str | None = None


class MemoryClaim(msgspec.Struct, frozen=True):
    """The right to do a piece of work, for that state of things."""

    key: str
    wanted: int
    token: str


class ThreadMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one thread, as it was at `source_updated_at_ms`."""

    thread_id: str
    source_updated_at_ms: int
    generated_at_ms: int
    summary: str
    slug: str
    cwd: str
    path: str
    """Where the thread's rollout was; for who wants to know more."""
    branch: str | None = None
    usage_count: int = 0
    """How often answers rested on it."""
    last_used_at_ms: int | None = None
    consolidated_ms: int | None = None
    """Of which state of the thread the summary of all memories knows."""

    @property
    def is_consolidated(self) -> bool:
        return self.consolidated_ms == self.source_updated_at_ms


class MemorySummary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of all memories; `is_published`: it has been written where models and users find it."""

    text: str
    is_published: bool


class MemoryRows(Protocol):
    """The rows of the tables, within a transaction."""

    def job(self, key: str) -> MemoryJob | None: ...

    def put_job(self, job: MemoryJob) -> None: ...

    def drop_job(self, key: str) -> None: ...

    def memory(self, thread_id: str) -> ThreadMemory | None: ...

    def put_memory(self, memory: ThreadMemory) -> None: ...

    def drop_memory(self, thread_id: str) -> None: ...

    def consolidated(self) -> Sequence[str]:
        """Return the threads whose memory a summary knows, of whatever state of them."""
        ...

    def selected(self, *, limit: int, since_ms: int) -> Sequence[ThreadMemory]:
        """Return the memories that were made or used since then: those used most first, then the latest."""
        ...

    def summary(self) -> MemorySummary | None: ...

    def put_summary(self, summary: MemorySummary | None) -> None: ...

    def clear(self) -> None:
        """Drop all of them."""
        ...


class MemoriesStore(Protocol):
    """Keeps the rows. Raises ThreadStoreError (internal) when what is kept cannot be had, or nothing can be kept."""

    @property
    def problem(self) -> str | None:
        """Why memories cannot be kept now; None when they can."""
        ...

    async def read(self, work: Callable[[MemoryRows], Result]) -> Result: ...

    async def keep(self, work: Callable[[MemoryRows], Result]) -> Result:
        """Do all of the work or nothing of it. It may be called more than once."""
        ...


class Memories:
    """Raises what its tables raise."""

    def __init__(self, tables: MemoriesStore, *, clock: Callable[[], int] = now_ms) -> None:
        self.tables = tables
        self._clock = clock

    @property
    def problem(self) -> str | None:
        return self.tables.problem

    # --- leases ---

    async def claim_extraction(self, thread_id: str, *, updated_at_ms: int) -> MemoryClaim | None:
        """Return the right to extract what is worth remembering of a thread; None when that is not due, or is being
        done.
        """

        def claim(rows: MemoryRows) -> MemoryClaim | None:
            reset = rows.job(_RESET)
            # Who was told to forget everything, while threads were being looked at, learns nothing of it anew.
            if reset is not None and updated_at_ms <= reset.done:
                return None
            return self._claim(rows, extraction_key(thread_id), updated_at_ms)

        return await self.tables.keep(claim)

    async def claim_consolidation(self) -> MemoryClaim | None:
        """Return the right to bring all memories together; None when nothing has changed, or it is being done."""

        def claim(rows: MemoryRows) -> MemoryClaim | None:
            job = rows.job(CONSOLIDATION)
            return None if job is None else self._claim(rows, CONSOLIDATION, job.wanted)

        return await self.tables.keep(claim)

    async def renew(self, claim: MemoryClaim) -> bool:
        """Give a sign of life; False when the work is another's by now, or nobody's."""
        return await self.tables.keep(lambda rows: self._change(rows, claim, lease_until_ms=self._clock() + LEASE_MS))

    async def release(self, claim: MemoryClaim) -> None:
        """Give work back that was not done; that is no failure."""
        await self.tables.keep(
            lambda rows: self._change(rows, claim, token=None, attempts_left=_attempts(rows, claim) + 1)
        )

    async def fail(self, claim: MemoryClaim, error: str, *, counts: bool = True) -> None:
        """Give work back that went wrong: it is tried again later, unless that was the last time that counts."""
        retry = self._clock() + RETRY_MS

        def fail(rows: MemoryRows) -> bool:
            left = _attempts(rows, claim) + (0 if counts else 1)
            return self._change(rows, claim, token=None, retry_at_ms=retry, attempts_left=left, error=error)

        await self.tables.keep(fail)

    # --- what comes of it ---

    async def finish_extraction(self, claim: MemoryClaim, thread_id: str, memory: ThreadMemory | None) -> bool:
        """Keep what is remembered of a thread, None for nothing; False when the work was another's, or is void."""

        def finish(rows: MemoryRows) -> bool:
            if not self._done(rows, claim):
                return False
            before = rows.memory(thread_id)
            if memory is not None:
                used = (0, None) if before is None else (before.usage_count, before.last_used_at_ms)
                known = None if before is None else before.consolidated_ms
                rows.put_memory(
                    msgspec.structs.replace(memory, usage_count=used[0], last_used_at_ms=used[1], consolidated_ms=known)
                )
            elif before is not None:
                rows.drop_memory(thread_id)
            if memory is not None or before is not None:
                _bump(rows)
            return True

        return await self.tables.keep(finish)

    async def selected(self, *, limit: int, since_ms: int) -> Sequence[ThreadMemory]:
        """Return what is to be brought together: of memories made or used since then, those that are used most."""
        return await self.tables.read(lambda rows: rows.selected(limit=limit, since_ms=since_ms))

    async def consolidated(self) -> Sequence[str]:
        """Return the threads that the summary of all memories knows of."""
        return await self.tables.read(lambda rows: rows.consolidated())

    async def finish_consolidation(self, claim: MemoryClaim, memories: Iterable[ThreadMemory], summary: str) -> bool:
        """Keep the summary of those memories; False when the work was another's, or is void."""
        known = {memory.thread_id: memory.source_updated_at_ms for memory in memories}

        def finish(rows: MemoryRows) -> bool:
            if not self._done(rows, claim):
                return False
            for thread_id in {*rows.consolidated(), *known}:
                memory = rows.memory(thread_id)
                if memory is not None:
                    rows.put_memory(msgspec.structs.replace(memory, consolidated_ms=known.get(thread_id)))
            rows.put_summary(MemorySummary(text=summary, is_published=False))
            return True

        return await self.tables.keep(finish)

    async def summary(self) -> MemorySummary | None:
        """Return the latest summary of all memories."""
        return await self.tables.read(lambda rows: rows.summary())

    async def published(self, text: str) -> None:
        """Note that a summary was written where it is found."""

        def note(rows: MemoryRows) -> None:
            if rows.summary() == MemorySummary(text=text, is_published=False):
                rows.put_summary(MemorySummary(text=text, is_published=True))

        await self.tables.keep(note)

    # --- what becomes of memories ---

    async def used(self, thread_ids: Iterable[str]) -> None:
        """Note that an answer rested on what is remembered of these threads."""
        wanted, now = [*thread_ids], self._clock()

        def note(rows: MemoryRows) -> None:
            for thread_id in wanted:
                memory = rows.memory(thread_id)
                if memory is not None:
                    rows.put_memory(
                        msgspec.structs.replace(memory, usage_count=memory.usage_count + 1, last_used_at_ms=now)
                    )

        await self.tables.keep(note)

    async def forget(self, thread_ids: Iterable[str]) -> None:
        """Forget threads that are gone, or that nothing is to be remembered of."""
        gone = [*thread_ids]

        def drop(rows: MemoryRows) -> None:
            for thread_id in gone:
                if rows.memory(thread_id) is not None:
                    rows.drop_memory(thread_id)
                    _bump(rows)
                if rows.job(extraction_key(thread_id)) is not None:
                    rows.drop_job(extraction_key(thread_id))

        await self.tables.keep(drop)

    async def reset(self) -> None:
        """Forget everything. What was said before is not remembered anew; work that is under way is void."""
        now = self._clock()

        def clear(rows: MemoryRows) -> None:
            rows.clear()
            rows.put_job(MemoryJob(key=_RESET, wanted=now, done=now))

        await self.tables.keep(clear)

    async def forgotten_until_ms(self) -> int:
        """Return when everything was forgotten last; 0 if never."""
        job = await self.tables.read(lambda rows: rows.job(_RESET))
        return 0 if job is None else job.done

    # --- rules ---

    def _claim(self, rows: MemoryRows, key: str, wanted: int) -> MemoryClaim | None:
        now = self._clock()
        job = rows.job(key) or MemoryJob(key=key, wanted=wanted)
        if job.done >= wanted or (job.token is not None and job.lease_until_ms > now):
            return None
        if wanted > job.wanted:
            job = msgspec.structs.replace(job, wanted=wanted, attempts_left=ATTEMPTS, retry_at_ms=0, error=None)
        if job.attempts_left <= 0 or job.retry_at_ms > now:
            return None
        # Counted now: what takes its process down with it is not tried for ever.
        token = uuid7()
        rows.put_job(
            msgspec.structs.replace(
                job, token=token, lease_until_ms=now + LEASE_MS, attempts_left=job.attempts_left - 1
            )
        )
        return MemoryClaim(key, wanted, token)

    def _change(self, rows: MemoryRows, claim: MemoryClaim, **changes: int | str | None) -> bool:
        job = rows.job(claim.key)
        if job is None or job.token != claim.token:
            return False
        rows.put_job(msgspec.structs.replace(job, **changes))
        return True

    def _done(self, rows: MemoryRows, claim: MemoryClaim) -> bool:
        return self._change(
            rows, claim, token=None, done=claim.wanted, attempts_left=ATTEMPTS, retry_at_ms=0, error=None
        )


def extraction_key(thread_id: str) -> str:
    """Return the key of the work on one thread."""
    return f"thread:{thread_id}"


def _attempts(rows: MemoryRows, claim: MemoryClaim) -> int:
    job = rows.job(claim.key)
    return 0 if job is None else job.attempts_left


def _bump(rows: MemoryRows) -> None:
    """Have memories be brought together anew. Work that is under way goes on, and is not the last."""
    job = rows.job(CONSOLIDATION)
    if job is None:
        rows.put_job(MemoryJob(key=CONSOLIDATION, wanted=0))
    else:
        rows.put_job(
            msgspec.structs.replace(job, wanted=job.wanted + 1, attempts_left=ATTEMPTS, retry_at_ms=0, error=None)
        )
