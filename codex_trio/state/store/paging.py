"""Lists of threads as every store makes them: cursors, the size of a page, and what a query means by itself.

Owns the cursors' text and the page as callers get it. Pure: it does not know where threads are. Used by the index's
statements (state/local/index/listing.py) and by the store in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from codex_trio.domain.ids import is_uuid
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.store.contents import SUBAGENT_KINDS, UNREADABLE, datetime_ms
from codex_trio.state.store.interface import (
    DEFAULT_LIMIT,
    INTERACTIVE_SOURCES,
    MAX_LIMIT,
    InvalidCursor,
    SearchHit,
    SearchPage,
    SearchQuery,
    SortKey,
    ThreadPage,
    ThreadQuery,
    ThreadSummary,
)

EMPTY_PAGE = ThreadPage(threads=(), next_cursor=None, backwards_cursor=None)


class Position(msgspec.Struct, frozen=True):
    """A place in an order. Without a thread id, all threads of that very time count as seen."""

    time_ms: int
    thread_id: str = ""


def parse_cursor(text: str) -> Position:
    """The place that a cursor names. Raises InvalidCursor."""
    moment, separator, thread_id = text.partition("|")
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        raise InvalidCursor(text) from None
    if parsed.tzinfo is None or (separator and not is_uuid(thread_id)):
        raise InvalidCursor(text)
    return Position(datetime_ms(parsed), thread_id)


def cursor_of(query: ThreadQuery) -> Position | None:
    """Where the page of a query begins; None for the first one. Raises InvalidCursor."""
    return None if query.cursor is None else parse_cursor(query.cursor)


def page_size(limit: int | None) -> int:
    """How many rows a page may have."""
    return DEFAULT_LIMIT if limit is None else min(max(limit, 1), MAX_LIMIT)


def sort_time(thread: ThreadSummary, key: SortKey) -> int:
    """What a thread is sorted by, in Unix milliseconds."""
    return thread.created_at_ms if key == "created_at" else thread.updated_at_ms


def finds_none(query: ThreadQuery) -> bool:
    """Whether the query asks for what no thread of ours is: in a section, or attached to another."""
    return query.section_id is not None or query.attached_to_thread_id is not None


def source_kinds(query: ThreadQuery) -> frozenset[str] | None:
    """The kinds of threads that a query asks for, in full; None for all of them."""
    kinds = query.source_kinds
    if kinds is None:
        related = query.parent_thread_id is not None or query.ancestor_thread_id is not None
        return None if related else INTERACTIVE_SOURCES | {UNREADABLE}
    if "unknown" in kinds:
        kinds |= {UNREADABLE}
    return kinds | SUBAGENT_KINDS if "subAgent" in kinds else kinds


def page_of(threads: Sequence[ThreadSummary], query: ThreadQuery, *, is_last: bool) -> ThreadPage:
    """The page that these threads are, in their order."""
    if not threads:
        return EMPTY_PAGE
    first, last = sort_time(threads[0], query.sort_key), sort_time(threads[-1], query.sort_key)
    # One millisecond aside, so that going back the other way includes the first row itself.
    aside = -1 if query.descending else 1
    return ThreadPage(
        threads=threads,
        next_cursor=None if is_last else f"{format_timestamp(last)}|{threads[-1].thread_id}",
        backwards_cursor=format_timestamp(first + aside),
    )


def listing_of(query: SearchQuery) -> ThreadQuery:
    """The list that a search looks through."""
    return ThreadQuery(
        archived=query.archived,
        source_kinds=query.source_kinds,
        sort_key=query.sort_key,
        descending=query.descending,
        cursor=query.cursor,
        limit=query.limit,
    )


def hits_of(page: ThreadPage, snippets: Sequence[str]) -> SearchPage:
    """A page of threads in which words were found, each with the words around them."""
    return SearchPage(
        hits=[
            SearchHit(thread=thread, snippet=snippet) for thread, snippet in zip(page.threads, snippets, strict=True)
        ],
        next_cursor=page.next_cursor,
        backwards_cursor=page.backwards_cursor,
    )
