"""The index's work in the background: reading what was not read yet, and noticing what others wrote.

Owns when that is done, and by which of the processes that share a home. No answer waits for it: what a list needs is
read for it, and this only makes that rare. A service: `run` it once, behind the first reply.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.lock import IndexLock
from codex_trio.state.local.index.search import ThreadTextIndex

_log = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
"""How long another process may read files that this one's lists need before it is said that this one waits."""

POLL_SECONDS = 1.0
ROUND_SECONDS = 60.0
"""How long after the index was used it is looked at what is to be done. Of an idle server nothing is."""

HEAD_START_SECONDS = 3.0
"""How long a client that has just arrived has the machine to itself: it lists threads, and opens one."""

QUIET_SECONDS = 0.2
LONGEST_REST_SECONDS = 1.0
"""For how long clients have asked for nothing when the background goes on, and how long it waits for that: requests may
go on coming."""

FILES, QUIET_FILES = 256, 1024
CHARACTERS, QUIET_CHARACTERS = 200_000, 1_500_000
"""How much is read, and written, in one step: of files not read yet, and of words. What many small steps write is
written again and again; but a big one holds up others who write."""


class IndexService:
    """`quiet` returns once clients have asked for nothing for so many seconds."""

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
        self._is_quiet = False
        self._lock = IndexLock(database.path if database.is_persistent else None)

    async def run(self) -> None:
        """Work until cancelled. Trouble with the database ends a round, not the service."""
        await trio.sleep(HEAD_START_SECONDS)
        while True:
            used = self._index.next_use()
            await self._make_room()
            try:
                await self._round()
            except StateDbError as error:
                _log.warning("the index of threads is not kept up to date now: %s", error)
            else:
                await used.wait()
            await trio.sleep(ROUND_SECONDS)

    async def _round(self) -> None:
        """Do all that there is to do, once no other process does."""
        try:
            await self._wait_for_others()
            while await self._step(self._read_heads):
                pass
            await self._index.sweep()
            while await self._step(self._read_words):
                pass
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._lock.give_back)

    async def _wait_for_others(self) -> None:
        started = trio.current_time()
        is_told = False
        while not await trio.to_thread.run_sync(self._lock.take):
            if not is_told and trio.current_time() - started > WAIT_SECONDS and await self._index.has_unread():
                is_told = True
                _log.warning(
                    "another server has been indexing the threads for %d seconds; until it is done, lists that go "
                    "far back take longer here",
                    int(WAIT_SECONDS),
                )
            await trio.sleep(POLL_SECONDS)

    async def _read_heads(self) -> bool:
        return await self._index.read_some(QUIET_FILES if self._is_quiet else FILES)

    async def _read_words(self) -> bool:
        return await self._text.catch_up(QUIET_CHARACTERS if self._is_quiet else CHARACTERS)

    async def _step(self, work: Callable[[], Awaitable[bool]]) -> bool:
        """Do some work, then rest for as long, and longer while clients ask for something."""
        before = trio.current_time()
        done = await work()
        await trio.sleep(trio.current_time() - before)
        await self._make_room()
        return done

    async def _make_room(self) -> None:
        with trio.move_on_after(LONGEST_REST_SECONDS) as rest:
            await self._quiet(QUIET_SECONDS)
        self._is_quiet = not rest.cancelled_caught
