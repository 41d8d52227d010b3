"""Searching for files: which lists of files there are, and one query after the other in them.

Owns that queries below the same roots share a list, and how long it is kept. Does not own sessions of clients.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import trio

from codex_trio.files.watches import FileWatches

if TYPE_CHECKING:
    from codex_trio.search.listing import FileListing
    from codex_trio.search.ranking import Hit
    from codex_trio.search.walk import WalkLimits

KEPT_SECONDS = 60.0
"""How long a list is kept that nobody uses."""

TRUE_SECONDS = 5.0
"""For how long a list is taken as true that nobody watches."""

MOST_UNUSED = 4
"""So many lists are kept of those that nobody uses."""

REPORT_SECONDS = 0.1
"""Between two reports of what was found so far."""

_MOST_THREADS = 2

Roots: TypeAlias = "tuple[tuple[str, str], ...]"


class _Kept(msgspec.Struct):
    """A list, who uses it, and what ends it."""

    listing: FileListing
    scope: trio.CancelScope
    users: int = 0
    unused_since: float = 0.0


class FileSearch:
    """A service: `run` it."""

    def __init__(
        self, watches: FileWatches, *, true_seconds: float = TRUE_SECONDS, limits: WalkLimits | None = None
    ) -> None:
        self._watches = watches
        self._limits = limits
        self._true_seconds = true_seconds
        self._kept: dict[Roots, _Kept] = {}
        self._nursery: trio.Nursery | None = None
        self._running = trio.Event()
        self._limiter = trio.CapacityLimiter(_MOST_THREADS)

    async def run(self) -> None:
        """Keep lists, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            self._running.set()
            await trio.sleep_forever()

    @asynccontextmanager
    async def listing(self, roots: Sequence[tuple[str, str]]) -> AsyncGenerator[FileListing]:
        """Provide the list of the files below roots, absolute paths with what clients call them."""
        # Imported by the first search, or when there is time: nobody's first answer waits for it.
        from codex_trio.search.listing import FileListing
        from codex_trio.search.walk import WalkLimits

        await self._running.wait()
        assert self._nursery is not None
        key = tuple(roots)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(
                FileListing(key, self._watches, true_seconds=self._true_seconds, limits=self._limits or WalkLimits()),
                trio.CancelScope(),
            )
            self._nursery.start_soon(self._keep, key, kept)
        kept.users += 1
        try:
            yield kept.listing
        finally:
            kept.users -= 1
            kept.unused_since = trio.current_time()
            if not kept.users and not kept.listing.is_complete and self._kept.get(key) is kept:
                # Nobody waits for the rest of it.
                del self._kept[key]
                kept.scope.cancel()
            self._drop_unused()

    async def hits(self, listing: FileListing, text: str) -> AsyncGenerator[list[Hit]]:
        """Search; the best matches so far now and then, whenever they are others, and at last those of all files.

        Raises NoRipgrep and OSError.
        """
        from codex_trio.search.pattern import parse_query
        from codex_trio.search.ranking import Ranking

        if not text:
            yield []
            return
        ranking = Ranking(parse_query(text))
        told: list[Hit] | None = None
        tell_at = trio.current_time()
        async with aclosing(listing.chunks()) as chunks:
            async for some in chunks:
                await trio.to_thread.run_sync(ranking.add, *some, abandon_on_cancel=True, limiter=self._limiter)
                if trio.current_time() >= tell_at:
                    found = ranking.best()
                    if found != told and found:
                        told = found
                        yield found
                    tell_at = trio.current_time() + REPORT_SECONDS
        found = ranking.best()
        if found != told:
            yield found

    async def _keep(self, key: Roots, kept: _Kept) -> None:
        with kept.scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kept.listing.run)
                while kept.users or trio.current_time() < kept.unused_since + KEPT_SECONDS:  # noqa: ASYNC110 (no hurry)
                    await trio.sleep(KEPT_SECONDS)
                self._kept.pop(key, None)
                nursery.cancel_scope.cancel()

    def _drop_unused(self) -> None:
        unused = sorted((kept.unused_since, key) for key, kept in self._kept.items() if not kept.users)
        for _, key in unused[:-MOST_UNUSED]:
            self._kept.pop(key).scope.cancel()
