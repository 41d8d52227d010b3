"""Which threads a user has not read, in the state database.

Owns the table `read_states`. What turns change is told at once and written down behind: a crash may lose the last
moment of that. Who waits for `settle` loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.state.store.read_states import StoredReadState

_log = logging.getLogger(__name__)

_PUT = """
INSERT INTO read_states (thread_id, first_unread, revision) VALUES (?, ?, ?)
ON CONFLICT (thread_id) DO UPDATE SET first_unread = excluded.first_unread, revision = excluded.revision
"""

_REST_SECONDS = 0.2
_LAST_WRITE_SECONDS = 10.0


class LocalReadStates:
    """Those in the state database. A service: `run` it once."""

    def __init__(self, database: StateDb) -> None:
        self._database = database
        self._unwritten: dict[str, StoredReadState] = {}
        self._changed = trio.Event()

    def put(self, thread_id: str, state: StoredReadState) -> None:
        self._unwritten[thread_id] = state
        self._changed.set()

    async def settle(self) -> None:
        try:
            self._database.check_keeps()
            await self._database.retrying_on_replacement(self._write)
        except StateDbError as error:
            raise ThreadStoreError("internal", f"read states cannot be stored: {error}") from error

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        ids = list(thread_ids)
        try:
            found = await self._database.retrying_on_replacement(
                partial(self._database.read, partial(_select, thread_ids=ids))
            )
        except StateDbError as error:
            _log.warning("read states are not known now: %s", error)
            found = {}
        return {**found, **{thread_id: state for thread_id in ids if (state := self._unwritten.get(thread_id))}}

    async def run(self) -> None:
        """Write down what changes, until cancelled, and then what is left."""
        try:
            while True:
                await self._changed.wait()
                self._changed = trio.Event()
                await self._write_if_possible()
                # Of many threads that turn at once, each tells of its own end.
                await trio.sleep(_REST_SECONDS)
        finally:
            with trio.move_on_after(_LAST_WRITE_SECONDS, shield=True):
                await self._write_if_possible()

    async def _write_if_possible(self) -> None:
        try:
            await self._write()
        except StateDbError as error:
            _log.warning("read states are not kept now: %s", error)

    async def _write(self) -> None:
        states = dict(self._unwritten)
        if not states:
            await trio.lowlevel.checkpoint()
            return
        rows = [(thread_id, state.first_unread, state.revision) for thread_id, state in states.items()]
        await self._database.keep(lambda transaction: transaction.run_many(_PUT, rows))
        for thread_id, state in states.items():
            if self._unwritten.get(thread_id) is state:
                del self._unwritten[thread_id]


def _select(transaction: Transaction, *, thread_ids: list[str]) -> dict[str, StoredReadState]:
    marks = ", ".join("?" * len(thread_ids))
    rows = transaction.rows(
        f"SELECT thread_id, first_unread, revision FROM read_states WHERE thread_id IN ({marks})", *thread_ids
    )
    return {thread_id: StoredReadState(first_unread, revision) for thread_id, first_unread, revision in rows}
