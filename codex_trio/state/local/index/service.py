"""The index's work in the background: reading what was not read yet, and noticing what others wrote.

Owns when that is done, and by which of the processes that share a home. No answer waits for it: what a list needs is
read for it, and this only makes that rare. A service: `run` it once, behind the first reply.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.lock import IndexLock
from codex_trio.state.local.index.search import ThreadTextIndex

_log = logging.getLogger(__name__)

FILES, QUIET_FILES = 256, 1024
CHARACTERS, QUIET_CHARACTERS = 200_000, 1_500_000
"""How much is read, and written, in one step: of files not read yet, and of words. What many small steps write is
written again and again; but a big one holds up others who write."""


@dataclass(frozen=True, kw_only=True)
class IndexPace:
    """When the work is done, in seconds."""

    head_start: float = 3.0
    """How long a client that has just arrived has the machine to itself: it lists threads, and opens one."""

    quiet: float = 0.2
    longest_rest: float = 1.0
    """For how long clients have asked for nothing when the background goes on, and how long it waits for that: requests
    may go on coming."""

    round: float = 60.0
    """How long after the index was used it is looked at what is to be done. Of an idle server nothing is."""

    poll: float = 1.0
    warning: float = 30.0
    """How often another process is looked for that does the work, and how long that one may read files that this one's
    lists need before it is said that this one waits."""


class IndexService:
    """`quiet` returns once clients have asked for nothing for so many seconds; whoever holds `lock` does the work."""

    def __init__(
        self,
        index: RolloutIndex,
        text: ThreadTextIndex,
        lock: IndexLock,
        *,
        quiet: Callable[[float], Awaitable[None]],
        pace: IndexPace = IndexPace(),
    ) -> None:
        self._quiet = quiet
        self._index = index
        self._text = text
        self._is_quiet = False
        self._lock = lock
        self._pace = pace

    async def run(self) -> None:
        """Work until cancelled. Trouble with the database ends a round, not the service."""
        await trio.sleep(self._pace.head_start)
        while True:
            used = self._index.next_use()
            await self._make_room()
            try:
                await self._round()
            except StateDbError as error:
                _log.warning("the index of threads is not kept up to date now: %s", error)
            else:
                await used.wait()
            await trio.sleep(self._pace.round)

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
            if not is_told and trio.current_time() - started > self._pace.warning and await self._index.has_unread():
                is_told = True
                _log.warning(
                    "another server has been indexing the threads for %d seconds; until it is done, lists that go "
                    "far back take longer here",
                    int(self._pace.warning),
                )
            await trio.sleep(self._pace.poll)

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
        with trio.move_on_after(self._pace.longest_rest) as rest:
            await self._quiet(self._pace.quiet)
        self._is_quiet = not rest.cancelled_caught
