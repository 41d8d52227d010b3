"""Finding threads by their words, and the places of one thread where words are.

Protocol source: `thread/search`, `thread/searchOccurrences`, release 0.169.0; `thread/search/*`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

import trio
from codex_trio_protocol.v2 import thread_list as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.cancelling import CancellableRequests
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.state.store.interface import GLANCED, SearchHit, SearchQuery
from codex_trio.threads.occurrences import page_occurrences
from codex_trio.wire.threads import project_row

MAX_TERM_CHARACTERS = 10_000
"""Pages of text, and little enough to be looked for without holding anybody up."""

MAX_STREAM_TERM_BYTES = 65_536
"""Of a search that tells what it finds (0.171.0)."""

FIRST_LOOK_SECONDS = 0.25
"""How long the page may wait for the first threads to be told."""

NEXT_LOOK_SECONDS = 0.5

Result = TypeVar("Result")


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadSearchProcessor(services)
    return {
        "thread/search": processor.search,
        "thread/search/cancel": processor.cancel_search,
        "thread/search/stream": processor.stream,
        "thread/search/stream/cancel": processor.cancel_stream,
        "thread/searchOccurrences": processor.occurrences,
    }


class ThreadSearchProcessor:
    def __init__(self, services: Services) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing
        self._searches = CancellableRequests()
        self._streams = CancellableRequests()

    def search(self, params: wire.ThreadSearchParams, context: RequestContext) -> Coroutine[Any, Any, object]:
        """Return a page of threads in which the words were said or run, newest first unless asked otherwise."""
        _check_words(params.search_term)
        _check_term(params.search_term)
        return _unless_cancelled(self._searches.begin(context), partial(self._page, _query(params)))

    def stream(self, params: wire.ThreadSearchParams, context: RequestContext) -> Coroutine[Any, Any, object]:
        """Return the same; the client is told of some threads as they are found, before it gets its page."""
        _check_words(params.search_term)
        size = len(params.search_term.strip().encode())
        if size > MAX_STREAM_TERM_BYTES:
            raise invalid_params(f"thread/search/stream searchTerm exceeds {MAX_STREAM_TERM_BYTES} UTF-8 bytes")
        return _unless_cancelled(self._streams.begin(context), partial(self._stream, _query(params), context))

    def cancel_search(
        self, params: wire.ThreadSearchCancelParams, context: RequestContext
    ) -> wire.ThreadSearchCancelResponse:
        """Give up a search of this client that is under way."""
        self._searches.cancel(context, params.request_id)
        return wire.ThreadSearchCancelResponse()

    def cancel_stream(
        self, params: wire.ThreadSearchCancelParams, context: RequestContext
    ) -> wire.ThreadSearchCancelResponse:
        """Give up a search of this client that tells what it finds."""
        self._streams.cancel(context, params.request_id)
        return wire.ThreadSearchCancelResponse()

    async def _page(self, query: SearchQuery) -> wire.ThreadSearchResponse:
        page = await self._threads.store.search(query)
        return wire.ThreadSearchResponse(
            data=await self._results(page.hits), next_cursor=page.next_cursor, backwards_cursor=page.backwards_cursor
        )

    async def _stream(self, query: SearchQuery, context: RequestContext) -> wire.ThreadSearchResponse:
        if query.cursor is not None:
            # Who reads on has seen the first ones.
            return await self._page(query)
        told: set[str] = set()
        with trio.move_on_after(FIRST_LOOK_SECONDS):
            await self._tell_some(query, told, context)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tell_more, query, told, context)
            page = await self._page(query)
            nursery.cancel_scope.cancel()
        return page

    async def _tell_more(self, query: SearchQuery, told: set[str], context: RequestContext) -> None:
        """Tell what is found while the page takes its time: not everything may be indexed yet."""
        while len(told) < GLANCED:
            await trio.sleep(NEXT_LOOK_SECONDS)
            await self._tell_some(query, told, context)

    async def _tell_some(self, query: SearchQuery, told: set[str], context: RequestContext) -> None:
        hits = await self._threads.store.glance(query, known=told)
        for result in await self._results(hits[: GLANCED - len(told)]):
            told.add(result.thread.id)
            partly = wire.ThreadSearchPartialNotification(request_id=context.request_id, data=[result])
            self._outgoing.notify("thread/search/partial", partly, targets=[context.connection.id])

    async def _results(self, hits: Sequence[SearchHit]) -> list[wire.ThreadSearchResult]:
        placed = await self._threads.organisation.placed_all([self._threads.facts(hit.thread) for hit in hits])
        return [
            wire.ThreadSearchResult(thread=project_row(facts), snippet=hit.snippet)
            for facts, hit in zip(placed, hits, strict=True)
        ]

    async def occurrences(
        self, params: wire.ThreadSearchOccurrencesParams, _context: RequestContext
    ) -> wire.ThreadSearchOccurrencesResponse:
        """Return a page of places in a thread's messages, in their order."""
        if not params.search_term.strip():
            raise invalid_request("thread/searchOccurrences requires a non-empty searchTerm")
        _check_term(params.search_term)
        thread_id = parse_thread_id(params.thread_id)
        history = await self._threads.history(thread_id, feature="thread/searchOccurrences")
        page = await page_occurrences(
            history, thread_id=thread_id, term=params.search_term, cursor=params.cursor, limit=params.limit
        )
        return wire.ThreadSearchOccurrencesResponse(
            data=[
                wire.ThreadSearchOccurrence(
                    turn_id=place.turn_id,
                    item_id=place.item_id,
                    snippet=place.snippet,
                    snippet_match_range=wire.ThreadSearchTextRange(start=place.start, end=place.end),
                    turn_cursor=place.turn_cursor,
                )
                for place in page.occurrences
            ],
            next_cursor=page.next_cursor,
        )


def _query(params: wire.ThreadSearchParams) -> SearchQuery:
    return SearchQuery(
        term=params.search_term,
        archived=bool(params.archived),
        source_kinds=frozenset(params.source_kinds) if params.source_kinds else None,
        sort_key=params.sort_key or "created_at",
        descending=params.sort_direction != "asc",
        cursor=params.cursor,
        limit=params.limit,
    )


async def _unless_cancelled(scope: trio.CancelScope, work: Callable[[], Awaitable[Result]]) -> Result:
    with scope:
        return await work()
    raise invalid_request("thread search cancelled")


def _check_words(term: str) -> None:
    if not term.strip():
        raise invalid_request("thread/search requires a non-empty searchTerm")
    _check_characters(term)


def _check_term(term: str) -> None:
    _check_characters(term)
    if len(term) > MAX_TERM_CHARACTERS:
        raise invalid_params(
            f"`searchTerm` has {len(term)} characters, more than the {MAX_TERM_CHARACTERS} that are searched for;"
            " give the first words of it"
        )


def _check_characters(term: str) -> None:
    if "\0" in term:
        raise invalid_request("`searchTerm` must not contain a zero byte")
