"""Indexes of rollouts, kept in the state database.

Owns the table of them, and writing to it behind the back of whoever made one. Does not own what an index is
(state/history/stored_index.py). A service: `run` it once; without that, nothing is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction

_log = logging.getLogger(__name__)

WAITING = 8
"""How many indexes may wait to be written; more are not kept this time."""


class SpanCache:
    def __init__(self, database: StateDb) -> None:
        self._database = database
        self._send, self._receive = trio.open_memory_channel[tuple[str, bytes]](WAITING)

    async def run(self) -> None:
        """Write what is to be kept until cancelled, after forgetting files that are gone."""
        async with self._receive:
            await self._write(_forget_gone)
            async for file_name, index in self._receive:
                await self._write(partial(_put, file_name=file_name, index=index))

    async def get(self, file_name: str) -> bytes | None:
        """Return what was kept last for that file; None when nothing was, or the database cannot be read."""
        try:
            return await self._database.read(partial(_get, file_name=file_name))
        except StateDbError as error:
            _log.debug("the index of %s cannot be had: %s", file_name, error)
            return None

    def keep(self, file_name: str, index: bytes) -> None:
        """Have it kept, soon; never waits. In a database in memory nothing is kept: it would only take room."""
        if not self._database.is_persistent:
            return
        try:
            self._send.send_nowait((file_name, index))
        except (trio.WouldBlock, trio.BrokenResourceError):
            _log.debug("the index of %s is not kept this time", file_name)

    async def _write(self, work: Callable[[Transaction], None]) -> None:
        try:
            await self._database.write(work)
        except StateDbError as error:
            _log.warning("an index of a rollout could not be kept: %s", error)


def _get(transaction: Transaction, *, file_name: str) -> bytes | None:
    row = transaction.row("SELECT spans FROM span_indexes WHERE file_name = ?", file_name)
    return None if row is None else row[0]


def _put(transaction: Transaction, *, file_name: str, index: bytes) -> None:
    transaction.run("INSERT OR REPLACE INTO span_indexes VALUES (?, ?)", file_name, index)


def _forget_gone(transaction: Transaction) -> None:
    transaction.run("DELETE FROM span_indexes WHERE file_name NOT IN (SELECT file_name FROM rollouts)")
