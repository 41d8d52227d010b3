"""Lists of threads as every store makes them: cursors, the size of a page, and what a query means by itself.

Owns the cursors' text and the page as callers get it. Pure: it does not know where threads are. Used by the index's
statements (state/local/index/listing.py) and by the store in memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from codex_trio.domain.ids import is_uuid
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.store.contents import SUBAGENT_KINDS, UNREADABLE, datetime_ms
from codex_trio.state.store.interface import (
    INTERACTIVE_SOURCES,
    InvalidCursor,
    SearchHit,
    SearchPage,
    SearchQuery,
    SortKey,
    ThreadPage,
    ThreadQuery,
    ThreadSummary,
)

_NUMBER = re.compile("-?[0-9]{1,18}")

EMPTY_PAGE = ThreadPage(threads=(), next_cursor=None, backwards_cursor=None)


class Position(msgspec.Struct, frozen=True):
    """A place in an order: a time, or a number in a section. Without a thread id, all threads there count as seen."""

    place: int
    thread_id: str = ""


def parse_cursor(text: str, key: SortKey) -> Position:
    """Return the place in that order that a cursor names. Raises InvalidCursor."""
    moment, separator, thread_id = text.partition("|")
    if key == "section_position":
        if not _NUMBER.fullmatch(moment) or not is_uuid(thread_id):
            raise InvalidCursor(text)
        return Position(int(moment), thread_id)
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        raise InvalidCursor(text) from None
    if parsed.tzinfo is None or (separator and not is_uuid(thread_id)):
        raise InvalidCursor(text)
    return Position(datetime_ms(parsed), thread_id)


def cursor_of(query: ThreadQuery) -> Position | None:
    """Return where the page of a query begins; None for the first one. Raises InvalidCursor."""
    return None if query.cursor is None else parse_cursor(query.cursor, query.sort_key)


def sort_time(thread: ThreadSummary, key: SortKey) -> int:
    """Return what a thread is sorted by unless it is by its place in a section, in Unix milliseconds."""
    return thread.created_at_ms if key == "created_at" else thread.updated_at_ms


def finds_none(query: ThreadQuery) -> bool:
    """Return whether the query asks for what no thread of ours is: attached to another."""
    return query.attached_to_thread_id is not None


def source_kinds(query: ThreadQuery) -> frozenset[str] | None:
    """Return the kinds of threads that a query asks for, in full; None for all of them."""
    kinds = query.source_kinds
    if kinds is None:
        related = query.parent_thread_id is not None or query.ancestor_thread_id is not None
        return None if related else INTERACTIVE_SOURCES | {UNREADABLE}
    if "unknown" in kinds:
        kinds |= {UNREADABLE}
    return kinds | SUBAGENT_KINDS if "subAgent" in kinds else kinds


def page_of(placed: Sequence[tuple[int, ThreadSummary]], query: ThreadQuery, *, is_last: bool) -> ThreadPage:
    """Return the page that these threads are, in their order, each with what it is sorted by."""
    if not placed:
        return EMPTY_PAGE
    (first, first_thread), (last, last_thread) = placed[0], placed[-1]
    # One aside, so that going back the other way includes the first row itself.
    before = first + (-1 if query.descending else 1)
    if query.sort_key == "section_position":
        following, backwards = f"{last}|{last_thread.thread_id}", f"{before}|{first_thread.thread_id}"
    else:
        following, backwards = f"{format_timestamp(last)}|{last_thread.thread_id}", format_timestamp(before)
    return ThreadPage(
        threads=[thread for _, thread in placed],
        next_cursor=None if is_last else following,
        backwards_cursor=backwards,
    )


def listing_of(query: SearchQuery) -> ThreadQuery:
    """Return the list that a search looks through."""
    return ThreadQuery(
        archived=query.archived,
        source_kinds=query.source_kinds,
        sort_key=query.sort_key,
        descending=query.descending,
        cursor=query.cursor,
        limit=query.limit,
    )


def hits_of(page: ThreadPage, snippets: Sequence[str]) -> SearchPage:
    """Return a page of threads in which words were found, each with the words around them."""
    return SearchPage(
        hits=[
            SearchHit(thread=thread, snippet=snippet) for thread, snippet in zip(page.threads, snippets, strict=True)
        ],
        next_cursor=page.next_cursor,
        backwards_cursor=page.backwards_cursor,
    )
