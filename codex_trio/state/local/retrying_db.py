"""Calls to the state database that are made again when another database takes its place.

Owns what they are told when no database can be had. Does not own the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.store.interface import ThreadStoreError

_Result = TypeVar("_Result")


class RetryingDb:
    """The state database: a call waits for one that takes the place of one that fails.

    Calls raise ThreadStoreError (internal) when there is none, and what the work raises.
    """

    def __init__(self, database: StateDb) -> None:
        self._database = database

    async def read(self, work: Callable[[Transaction], _Result]) -> _Result:
        """Run `work` in a transaction that only reads."""
        try:
            return await self._database.retrying_on_replacement(partial(self._database.read, work))
        except StateDbError as error:
            raise ThreadStoreError("internal", str(error)) from error

    async def keep(self, work: Callable[[Transaction], _Result]) -> _Result:
        """Write what exists nowhere else; refused in memory."""
        try:
            return await self._database.retrying_on_replacement(partial(self._database.keep, work))
        except StateDbError as error:
            raise ThreadStoreError("internal", str(error)) from error
