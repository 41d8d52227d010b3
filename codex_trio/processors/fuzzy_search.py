"""Finding files by parts of their names: one answer, or a search that goes on while its user types.

Protocol source: `fuzzyFileSearch`, `fuzzyFileSearch/sessionStart|sessionUpdate|sessionStop`, release 0.171.0.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

import trio
from codex_trio_protocol.v2 import fuzzy_search as wire
from codex_trio_protocol.v2.notice import WarningNotification

from codex_trio.files.local import place_of
from codex_trio.processors.services import Services
from codex_trio.rpc.context import ConnectionHandle, Handler, RequestContext
from codex_trio.rpc.errors import RpcError, internal_error, invalid_params, invalid_request
from codex_trio.search.listing import FileListing
from codex_trio.search.ranking import Hit
from codex_trio.search.search import FileSearch
from codex_trio.search.walk import NoRipgrep, find_ripgrep
from codex_trio.util.bell import Bell

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 1024
"""What a query may have: more than anybody types."""


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = FuzzySearchProcessor(services)
    return {
        "fuzzyFileSearch": processor.search,
        "fuzzyFileSearch/sessionStart": processor.start_session,
        "fuzzyFileSearch/sessionUpdate": processor.update_session,
        "fuzzyFileSearch/sessionStop": processor.stop_session,
    }


class SearchSession:
    """A search of a client whose query changes; what is found for the last query is told."""

    def __init__(
        self,
        search: FileSearch,
        roots: Sequence[tuple[str, str]],
        *,
        may_tell: Callable[[], Awaitable[object]],
        tell: Callable[[str, list[Hit]], Awaitable[object]],
        tell_completed: Callable[[], object],
        warn: Callable[[str], object],
    ) -> None:
        self._search = search
        self._roots = roots
        self._may_tell = may_tell
        self._tell = tell
        self._tell_completed = tell_completed
        self._warn = warn
        self._shortcoming: str | None = None
        self._query = ""
        self._is_new = True
        self._under_way = trio.CancelScope()
        self._asked = Bell()

    def ask(self, query: str) -> None:
        """Search for something else from now on."""
        self._query, self._is_new = query, True
        self._under_way.cancel()
        self._asked.ring()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Search for what is asked, until cancelled."""
        async with self._search.listing(self._roots) as listing:
            task_status.started()
            await self._may_tell()
            await listing.begin()
            while True:
                while not self._is_new:
                    await self._asked.wait()
                self._is_new = False
                with trio.CancelScope() as self._under_way:
                    await self._answer(listing, self._query)

    async def aclose(self) -> None:
        """Do nothing: the search ended with its task."""
        await trio.lowlevel.checkpoint()

    async def _answer(self, listing: FileListing, query: str) -> None:
        has_told = False
        try:
            async with aclosing(self._search.hits(listing, query)) as reports:
                async for hits in reports:
                    await self._tell(query, hits)
                    has_told = True
        except (NoRipgrep, OSError) as error:
            _log.warning("a search for files failed: %s", error)
        if not has_told:
            await self._tell(query, [])
        if query and listing.shortcoming != self._shortcoming:
            self._shortcoming = listing.shortcoming
            if self._shortcoming is not None:
                self._warn(self._shortcoming)
        self._tell_completed()


class FuzzySearchProcessor:
    """Sessions are known by their ids to all clients, and end with the client that started them."""

    def __init__(self, services: Services) -> None:
        self._search = services.search
        self._config = services.config
        self._outgoing = services.outgoing
        self._by_token: dict[tuple[int, str], trio.CancelScope] = {}
        self._sessions: dict[str, tuple[ConnectionHandle, SearchSession]] = {}

    async def search(self, params: wire.FuzzyFileSearchParams, context: RequestContext) -> wire.FuzzyFileSearchResponse:
        """Return the best matches; those found so far when the client asks for something else with the same token."""
        _check(params.query)
        found: list[Hit] = []
        with self._cancelled_by_the_next(params.cancellation_token, context):
            try:
                async with (
                    self._search.listing(await self._places(params.roots)) as listing,
                    aclosing(self._search.hits(listing, params.query)) as reports,
                ):
                    async for hits in reports:
                        found = hits
                    if params.query and listing.shortcoming is not None:
                        self._warn(context.connection, listing.shortcoming)
            except (NoRipgrep, OSError) as error:
                raise _not_searched(error) from error
        return wire.FuzzyFileSearchResponse(files=[_file(hit) for hit in found])

    async def start_session(
        self, params: wire.FuzzyFileSearchSessionStartParams, context: RequestContext
    ) -> wire.FuzzyFileSearchSessionStartResponse:
        """Open a search, in place of one with the same id."""
        session_id = params.session_id
        if not session_id:
            raise invalid_request("sessionId must not be empty")
        if not params.roots:
            raise internal_error("failed to start fuzzy file search session: at least one search directory is required")
        try:
            await trio.to_thread.run_sync(find_ripgrep)
        except NoRipgrep as error:
            raise _not_searched(error) from error
        places = await self._places(params.roots)
        await self._end(session_id)
        session = SearchSession(
            self._search,
            places,
            may_tell=context.answered.wait,
            tell=lambda query, hits: self._tell(session_id, query, hits),
            tell_completed=lambda: self._tell_completed(session_id),
            warn=lambda what: self._warn(context.connection, what),
        )
        await context.connection.resources.start(
            session_id, session, on_closed=lambda: self._forget(session_id, session)
        )
        self._sessions[session_id] = context.connection, session
        return wire.FuzzyFileSearchSessionStartResponse()

    def update_session(
        self, params: wire.FuzzyFileSearchSessionUpdateParams, _context: RequestContext
    ) -> wire.FuzzyFileSearchSessionUpdateResponse:
        """Search for something else, in place of what is searched for."""
        _check(params.query)
        if params.session_id not in self._sessions:
            raise invalid_request(f"fuzzy file search session not found: {params.session_id}")
        _, session = self._sessions[params.session_id]
        session.ask(params.query)
        return wire.FuzzyFileSearchSessionUpdateResponse()

    async def stop_session(
        self, params: wire.FuzzyFileSearchSessionStopParams, _context: RequestContext
    ) -> wire.FuzzyFileSearchSessionStopResponse:
        """Close a search; nothing happens when there is none."""
        await self._end(params.session_id)
        return wire.FuzzyFileSearchSessionStopResponse()

    async def _end(self, session_id: str) -> None:
        """Close a search and wait until nothing more is told of it."""
        owner, _ = self._sessions.get(session_id, (None, None))
        if owner is not None:
            await owner.resources.end(SearchSession, session_id)

    def _forget(self, session_id: str, session: SearchSession) -> None:
        if session_id in self._sessions and self._sessions[session_id][1] is session:
            del self._sessions[session_id]

    @contextmanager
    def _cancelled_by_the_next(self, token: str | None, context: RequestContext) -> Generator[None]:
        """End the block early when the same client comes with the same token."""
        scope = trio.CancelScope()
        if token is None:
            yield
            return
        key = (context.connection.id, token)
        if key in self._by_token:
            self._by_token[key].cancel()
        self._by_token[key] = scope
        try:
            with scope:
                yield
        finally:
            if self._by_token[key] is scope:
                del self._by_token[key]

    async def _places(self, roots: Sequence[str]) -> list[tuple[str, str]]:
        """Return where roots are, and what clients call them."""
        absolute = _absolute(self._config.resolve_cwd(None), roots)
        return [(await place_of(path), root) for path, root in zip(absolute, roots, strict=True)]

    async def _tell(self, session_id: str, query: str, hits: list[Hit]) -> None:
        notice = wire.FuzzyFileSearchSessionUpdatedNotification(
            session_id=session_id, query=query, files=[_file(hit) for hit in hits]
        )
        self._outgoing.notify("fuzzyFileSearch/sessionUpdated", notice)
        await self._outgoing.ready()

    def _warn(self, client: ConnectionHandle, what: str) -> None:
        notice = WarningNotification(message=f"fuzzy file search: {what}")
        self._outgoing.notify("warning", notice, targets=[client.id])

    def _tell_completed(self, session_id: str) -> None:
        notice = wire.FuzzyFileSearchSessionCompletedNotification(session_id=session_id)
        self._outgoing.notify("fuzzyFileSearch/sessionCompleted", notice)


def _absolute(here: Path, roots: Sequence[str]) -> list[str]:
    return [os.path.normpath(here / root) for root in roots]


def _check(query: str) -> None:
    if len(query) > MOST_CHARACTERS:
        raise invalid_params(f"`query` must not have more than {MOST_CHARACTERS} characters, it has {len(query)}")


def _not_searched(error: Exception) -> RpcError:
    return internal_error(f"fuzzy file search failed: {error}")


def _file(hit: Hit) -> wire.FuzzyFileSearchResult:
    return wire.FuzzyFileSearchResult(
        root=hit.root,
        path=hit.path,
        match_type="directory" if hit.is_folder else "file",
        file_name=hit.path.rpartition("/")[2],
        score=hit.score,
        indices=hit.indices,
    )
