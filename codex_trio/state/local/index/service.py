"""The index's work in the background: reading what was not read yet, and noticing what others wrote.

Owns when that is done, and by which of the processes that share a home. No answer waits for it: what a list needs is
read for it, and this only makes that rare. A service: `run` it once, behind the first reply.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import trio

from codex_trio.state.db.connection import StateDb
from codex_trio.state.db.errors import StateDbError
from codex_trio.state.local.index import lease
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.util.clock import now_ms

_Result = TypeVar("_Result")

_log = logging.getLogger(__name__)

JOB = "backfill"

WAIT_SECONDS = 30.0
"""How long another process may work on the backfill before it is said that this one waits."""

POLL_SECONDS = 1.0
ROUND_SECONDS = 60.0
"""How long after the index was used it is looked at what is to be done. Of an idle server nothing is."""

HEAD_START_SECONDS = 3.0
"""How long a client that has just arrived has the machine to itself: it lists threads, and opens one."""

QUIET_SECONDS = 0.2
LONGEST_REST_SECONDS = 1.0
"""For how long clients have asked for nothing when the background goes on, and how long it waits for that: requests may
go on coming."""


class IndexService:
    """See the module. `quiet` returns once clients have asked for nothing for so many seconds."""

    def __init__(
        self,
        index: RolloutIndex,
        text: ThreadTextIndex,
        database: StateDb,
        *,
        quiet: Callable[[float], Awaitable[None]],
    ) -> None:
        self._quiet = quiet
        self._index = index
        self._text = text
        self._database = database
        self._owner = f"{os.getpid()}-{uuid.uuid4()}"

    async def run(self) -> None:
        """Works until cancelled. Trouble with the database ends a round, not the service."""
        await trio.sleep(HEAD_START_SECONDS)
        while True:
            used = self._index.next_use()
            await self._make_room()
            try:
                await self._backfill()
                await self._index.sweep()
                await self._index_text()
            except StateDbError as error:
                _log.warning("the index of threads is not kept up to date now: %s", error)
            else:
                await used.wait()
            await trio.sleep(ROUND_SECONDS)

    async def _backfill(self) -> None:
        """Reads what was not read yet, unless another process does; then waits for that."""
        started = trio.current_time()
        is_told = False
        try:
            while await self._index.has_unread():
                if await self._take_lease():
                    await self._step(self._index.read_some)
                    continue
                if not is_told and trio.current_time() - started > WAIT_SECONDS:
                    is_told = True
                    _log.warning(
                        "another server has been indexing the threads for %d seconds; until it is done, lists that go "
                        "far back take longer here",
                        int(WAIT_SECONDS),
                    )
                await trio.sleep(POLL_SECONDS)
        finally:
            with trio.move_on_after(1, shield=True):
                await self._give_back()

    async def _index_text(self) -> None:
        while await self._step(self._text.catch_up):
            pass

    async def _step(self, work: Callable[[], Awaitable[_Result]]) -> _Result:
        """Does some work, then rests for as long, and longer while clients ask for something."""
        before = trio.current_time()
        done = await work()
        await trio.sleep(trio.current_time() - before)
        await self._make_room()
        return done

    async def _make_room(self) -> None:
        with trio.move_on_after(LONGEST_REST_SECONDS):
            await self._quiet(QUIET_SECONDS)

    async def _take_lease(self) -> bool:
        return await self._database.write(partial(lease.take, job=JOB, owner=self._owner, now_ms=now_ms()))

    async def _give_back(self) -> None:
        try:
            await self._database.write(partial(lease.give_back, job=JOB, owner=self._owner))
        except StateDbError as error:
            _log.debug("the lease of the backfill runs out by itself: %s", error)
