"""Finding threads by their words, and the places of one thread where words are.

Protocol source: `thread/search`, `thread/searchOccurrences`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_list as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params, invalid_request
from codex_trio.state.store.interface import SearchQuery
from codex_trio.threads.occurrences import page_occurrences
from codex_trio.wire.threads import project_row

MAX_TERM_CHARACTERS = 10_000
"""Pages of text, and little enough to be looked for without holding anybody up."""


def handlers(services: Services) -> dict[str, Handler]:
    """The handlers of this module."""
    processor = ThreadSearchProcessor(services)
    return {"thread/search": processor.search, "thread/searchOccurrences": processor.occurrences}


class ThreadSearchProcessor:
    """See the module."""

    def __init__(self, services: Services) -> None:
        self._threads = services.threads

    async def search(self, params: wire.ThreadSearchParams, _context: RequestContext) -> wire.ThreadSearchResponse:
        """A page of threads in which the words were said or run, newest first unless asked otherwise."""
        if not params.search_term.strip():
            raise invalid_request("thread/search requires a non-empty searchTerm")
        _check_term(params.search_term)
        query = SearchQuery(
            term=params.search_term,
            archived=bool(params.archived),
            source_kinds=frozenset(params.source_kinds) if params.source_kinds else None,
            sort_key=params.sort_key or "created_at",
            descending=params.sort_direction != "asc",
            cursor=params.cursor,
            limit=params.limit,
        )
        page = await self._threads.store.search(query)
        found = [self._threads.facts(hit.thread) for hit in page.hits]
        placed = await self._threads.organisation.placed_all(found)
        return wire.ThreadSearchResponse(
            data=[
                wire.ThreadSearchResult(thread=project_row(facts), snippet=hit.snippet)
                for facts, hit in zip(placed, page.hits, strict=True)
            ],
            next_cursor=page.next_cursor,
            backwards_cursor=page.backwards_cursor,
        )

    async def occurrences(
        self, params: wire.ThreadSearchOccurrencesParams, _context: RequestContext
    ) -> wire.ThreadSearchOccurrencesResponse:
        """A page of places in a thread's messages, in their order."""
        if not params.search_term:
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


def _check_term(term: str) -> None:
    if "\0" in term:
        raise invalid_request("`searchTerm` must not contain a zero byte")
    if len(term) > MAX_TERM_CHARACTERS:
        raise invalid_params(
            f"`searchTerm` has {len(term)} characters, more than the {MAX_TERM_CHARACTERS} that are searched for;"
            " give the first words of it"
        )
