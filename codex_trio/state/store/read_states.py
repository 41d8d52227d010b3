"""Which threads a user has not read: over restarts, or while the process lives.

Owns the table `read_states`. What changes is told at once and written down behind: losing the last moment of it to a
crash costs nobody anything. Does not own what the position means (threads/read_state.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec
import trio

from codex_trio.state.db.connection import StateDb, Transaction
from codex_trio.state.db.errors import StateDbError

_log = logging.getLogger(__name__)

_PUT = """
INSERT INTO read_states (thread_id, first_unread, revision) VALUES (?, ?, ?)
ON CONFLICT (thread_id) DO UPDATE SET first_unread = excluded.first_unread, revision = excluded.revision
"""

_LAST_WRITE_SECONDS = 2.0


class StoredReadState(msgspec.Struct, frozen=True):
    """From where a thread is unread: a turn id, empty for its start, None for nowhere."""

    first_unread: str | None
    revision: str


class ReadStates(Protocol):
    """The read states of all threads; a thread that none was kept for is read."""

    def put(self, thread_id: str, state: StoredReadState) -> None:
        """Keeps a thread's read state from now on."""
        ...

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        """What was kept for these threads."""
        ...


class MemoryReadStates:
    """Those of a process that keeps nothing."""

    def __init__(self) -> None:
        self._states: dict[str, StoredReadState] = {}

    def put(self, thread_id: str, state: StoredReadState) -> None:
        """See ReadStates."""
        self._states[thread_id] = state

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        """See ReadStates."""
        await trio.lowlevel.checkpoint()
        return {thread_id: state for thread_id in thread_ids if (state := self._states.get(thread_id))}

    def forget(self, thread_ids: Iterable[str]) -> None:
        """Drops those of threads that are gone."""
        for thread_id in thread_ids:
            self._states.pop(thread_id, None)


class LocalReadStates:
    """Those in the state database. A service: `run` it once."""

    def __init__(self, database: StateDb) -> None:
        self._database = database
        self._unwritten: dict[str, StoredReadState] = {}
        self._changed = trio.Event()

    def put(self, thread_id: str, state: StoredReadState) -> None:
        """See ReadStates."""
        self._unwritten[thread_id] = state
        self._changed.set()

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        """See ReadStates."""
        ids = list(thread_ids)
        try:
            found = await self._database.read(_select, ids)
        except StateDbError as error:
            _log.warning("read states are not known now: %s", error)
            found = {}
        return {**found, **{thread_id: state for thread_id in ids if (state := self._unwritten.get(thread_id))}}

    async def run(self) -> None:
        """Writes down what changes, until cancelled, and then what is left."""
        try:
            while True:
                await self._changed.wait()
                self._changed = trio.Event()
                await self._write()
        finally:
            with trio.move_on_after(_LAST_WRITE_SECONDS, shield=True):
                await self._write()

    async def _write(self) -> None:
        states = dict(self._unwritten)
        if not states:
            return
        rows = [(thread_id, state.first_unread, state.revision) for thread_id, state in states.items()]
        try:
            await self._database.write(lambda transaction: transaction.run_many(_PUT, rows))
        except StateDbError as error:
            _log.warning("read states are not kept now: %s", error)
            return
        for thread_id, state in states.items():
            if self._unwritten.get(thread_id) is state:
                del self._unwritten[thread_id]


def _select(transaction: Transaction, thread_ids: list[str]) -> dict[str, StoredReadState]:
    marks = ", ".join("?" * len(thread_ids))
    rows = transaction.rows(
        f"SELECT thread_id, first_unread, revision FROM read_states WHERE thread_id IN ({marks})", *thread_ids
    )
    return {thread_id: StoredReadState(first_unread, revision) for thread_id, first_unread, revision in rows}
