"""What threads work towards, in the state database.

Owns the table `goals`. What is answered is written: it outlives the process, whenever that ends.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import msgspec

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.store.goals import Goal, GoalChange
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.util import decoding

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_COLUMNS = (
    "id",
    "objective",
    "status",
    "token_budget",
    "tokens_used",
    "counted_to",
    "time_used_ms",
    "created_at_ms",
    "updated_at_ms",
    "is_deferred",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM goals WHERE thread_id = ?"
_PUT = f"INSERT OR REPLACE INTO goals (thread_id, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * 11)})"
_DELETE = "DELETE FROM goals WHERE thread_id = ?"


class LocalGoals:
    """Those in the state database."""

    def __init__(self, database: StateDb) -> None:
        self._database = database

    @property
    def problem(self) -> str | None:
        return None if self._database.is_persistent else self._database.problem

    async def get(self, thread_id: str) -> Goal | None:
        return await self._kept(partial(self._database.read, lambda transaction: _goal(transaction, thread_id)))

    async def change(self, thread_id: str, change: GoalChange) -> Goal | None:
        def replace(transaction: Transaction) -> Goal | None:
            before = _goal(transaction, thread_id)
            after = change(before)
            if after is None and before is not None:
                transaction.run(_DELETE, thread_id)
            elif after is not None and after != before:
                transaction.run(_PUT, thread_id, *_row(after))
            return after

        return await self._kept(partial(self._database.keep, replace))

    async def forget(self, thread_ids: Iterable[str]) -> None:
        rows = [(thread_id,) for thread_id in thread_ids]
        delete = partial(self._database.write, lambda transaction: transaction.run_many(_DELETE, rows))
        with _refused():
            await self._database.retrying_on_replacement(delete)
        self._database.note_change()

    async def _kept(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        with _refused():
            # In memory there is nothing of what was kept: not to be known is not the same as not to be.
            self._database.check_keeps()
            return await self._database.retrying_on_replacement(call)
        raise AssertionError("what is refused is raised")


@contextmanager
def _refused() -> Generator[None]:
    try:
        yield
    except StateDbError as error:
        raise ThreadStoreError("internal", f"goal storage failed: {error}") from error


def _goal(transaction: Transaction, thread_id: str) -> Goal | None:
    row = transaction.row(_SELECT, thread_id)
    if row is None:
        return None
    values = dict(zip(_COLUMNS, row, strict=True))
    try:
        return decoding.convert({**values, "is_deferred": bool(values["is_deferred"])}, Goal)
    except msgspec.ValidationError as error:
        _log.warning("the goal of thread %s cannot be read: %s", thread_id, error)
        return None


def _row(goal: Goal) -> tuple[str | int | None, ...]:
    return tuple(getattr(goal, column) for column in _COLUMNS)
