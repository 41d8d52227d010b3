"""What is remembered of threads, in the state database.

Owns the tables `memories`, `memory_jobs` and `memory_summary`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from codex_trio.state.db.state_db import SqlValue, StateDb, Transaction
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.store.memories import MemoryJob, MemoryRows, MemorySummary, Result, ThreadMemory
from codex_trio.util import decoding

_log = logging.getLogger(__name__)

_JOB = MemoryJob.__struct_fields__
_MEMORY = ThreadMemory.__struct_fields__


def _select(columns: Sequence[str], table: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"


def _put(columns: Sequence[str], table: str) -> str:
    return f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_SELECTED = f"""
{_select(_MEMORY, "memories")}
WHERE max(source_updated_at_ms, coalesce(last_used_at_ms, 0)) >= ?
ORDER BY usage_count DESC, source_updated_at_ms DESC, thread_id LIMIT ?
"""


class LocalMemoriesStore:
    """Those in the state database."""

    def __init__(self, database: StateDb) -> None:
        self._database = database
        self._retrying = RetryingDb(database)

    @property
    def problem(self) -> str | None:
        return None if self._database.is_persistent else self._database.problem

    async def read(self, work: Callable[[MemoryRows], Result]) -> Result:
        return await self._retrying.read(lambda transaction: work(_Rows(transaction)))

    async def keep(self, work: Callable[[MemoryRows], Result]) -> Result:
        return await self._retrying.keep(lambda transaction: work(_Rows(transaction)))


class _Rows:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def job(self, key: str) -> MemoryJob | None:
        row = self._transaction.row(f"{_select(_JOB, 'memory_jobs')} WHERE key = ?", key)
        # One that cannot be read is done anew.
        return None if row is None else _read(dict(zip(_JOB, row, strict=True)), MemoryJob)

    def put_job(self, job: MemoryJob) -> None:
        self._transaction.run(_put(_JOB, "memory_jobs"), *(getattr(job, name) for name in _JOB))

    def drop_job(self, key: str) -> None:
        self._transaction.run("DELETE FROM memory_jobs WHERE key = ?", key)

    def memory(self, thread_id: str) -> ThreadMemory | None:
        row = self._transaction.row(f"{_select(_MEMORY, 'memories')} WHERE thread_id = ?", thread_id)
        return None if row is None else _memory(row)

    def put_memory(self, memory: ThreadMemory) -> None:
        self._transaction.run(_put(_MEMORY, "memories"), *(getattr(memory, name) for name in _MEMORY))

    def drop_memory(self, thread_id: str) -> None:
        self._transaction.run("DELETE FROM memories WHERE thread_id = ?", thread_id)

    def consolidated(self) -> Sequence[str]:
        statement = "SELECT thread_id FROM memories WHERE consolidated_ms IS NOT NULL ORDER BY thread_id"
        return [str(thread_id) for (thread_id,) in self._transaction.rows(statement)]

    def selected(self, *, limit: int, since_ms: int) -> Sequence[ThreadMemory]:
        rows = self._transaction.rows(_SELECTED, since_ms, limit)
        return [memory for row in rows if (memory := _memory(row)) is not None]

    def summary(self) -> MemorySummary | None:
        row = self._transaction.row("SELECT text, is_published FROM memory_summary WHERE id = 1")
        return None if row is None else MemorySummary(text=str(row[0]), is_published=bool(row[1]))

    def put_summary(self, summary: MemorySummary | None) -> None:
        self._transaction.run("DELETE FROM memory_summary")
        if summary is not None:
            statement = "INSERT INTO memory_summary (id, text, is_published) VALUES (1, ?, ?)"
            self._transaction.run(statement, summary.text, int(summary.is_published))

    def clear(self) -> None:
        for table in ("memories", "memory_jobs", "memory_summary"):
            self._transaction.run(f"DELETE FROM {table}")


def _memory(row: Sequence[SqlValue]) -> ThreadMemory | None:
    return _read(dict(zip(_MEMORY, row, strict=True)), ThreadMemory)


def _read(values: Mapping[str, Any], kind: type[Result]) -> Result | None:
    try:
        return decoding.convert(values, kind)
    except msgspec.ValidationError as error:
        _log.warning("a row about memories cannot be read: %s", error)
        return None
