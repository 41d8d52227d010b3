"""Lists of threads that are in memory: which of them a query asks for, and in which order.

Owns the filters. They mean what the statements of the index on disk mean, and the contract's tests hold both to it.
Does not own cursors, pages, nor what a query means by itself (paging.py). Synchronous: run in a worker thread, for
names of folders are looked up.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec
from msgspec import UNSET

from codex_trio.state.store import paging
from codex_trio.state.store.contents import listed_kind, parent_of, real_folder
from codex_trio.state.store.interface import ThreadPage, ThreadQuery, ThreadSummary
from codex_trio.util.paging import page_size


class MemoryRow(msgspec.Struct, frozen=True):
    """A thread; one in which nobody has said anything yet is not listable, unless it was put away."""

    summary: ThreadSummary
    is_listable: bool
    project_id: str | None = None
    section_id: str | None = None
    section_position: int = 0


def page(
    rows: Sequence[MemoryRow], query: ThreadQuery, *, condition: Callable[[ThreadSummary], bool] | None = None
) -> ThreadPage:
    """Return the page of a query; `condition` holds for its rows, and is seldom asked. Raises InvalidCursor."""
    cursor = paging.cursor_of(query)
    if paging.finds_none(query):
        return paging.EMPTY_PAGE
    found = _matching(rows, query)
    if cursor is not None:
        found = [row for row in found if _is_after(row, cursor, query)]
    found.sort(key=lambda row: _place(row, query), reverse=query.descending)
    wanted = page_size(query.limit)
    chosen: list[tuple[int, ThreadSummary]] = []
    for row in found:
        if condition is None or condition(row.summary):
            chosen.append((_place(row, query)[0], row.summary))
        if len(chosen) > wanted:
            break
    return paging.page_of(chosen[:wanted], query, is_last=len(chosen) <= wanted)


def _place(row: MemoryRow, query: ThreadQuery) -> tuple[int, str]:
    if query.sort_key == "section_position":
        return (row.section_position, row.summary.thread_id)
    return (paging.sort_time(row.summary, query.sort_key), row.summary.thread_id)


def _is_after(row: MemoryRow, cursor: paging.Position, query: ThreadQuery) -> bool:
    place: tuple[int | str, ...] = _place(row, query)
    limit: tuple[int | str, ...] = (cursor.place, cursor.thread_id)
    if not cursor.thread_id:
        place, limit = place[:1], limit[:1]
    return place < limit if query.descending else place > limit


def _matching(rows: Sequence[MemoryRow], query: ThreadQuery) -> list[MemoryRow]:
    """Return the threads that fulfil every condition, in no particular order."""
    kinds = paging.source_kinds(query)
    related = _related(rows, query)
    in_folders = _in_folders(query.cwds)
    return [
        row
        for row, thread in ((row, row.summary) for row in rows if row.is_listable or _is_put_somewhere(row, query))
        if thread.is_archived == query.archived
        and query.project_id in (UNSET, row.project_id)
        and query.section_id in (UNSET, row.section_id)
        and (query.model_providers is None or (thread.meta.model_provider or "") in query.model_providers)
        and (kinds is None or listed_kind(thread.meta.source) in kinds)
        and thread.thread_id not in query.excluded_thread_ids
        and (query.included_thread_ids is None or thread.thread_id in query.included_thread_ids)
        and (related is None or thread.thread_id in related)
        and (query.search_term in thread.preview or query.search_term in (thread.name or ""))
        and in_folders(thread.meta.cwd)
    ]


def _is_put_somewhere(row: MemoryRow, query: ThreadQuery) -> bool:
    """Return whether the thread is shown though nobody has said anything in it."""
    return row.summary.is_archived or isinstance(query.section_id, str)


def _related(rows: Sequence[MemoryRow], query: ThreadQuery) -> set[str] | None:
    """Return the threads that have the parent and the ancestor that are asked for; None when neither is."""
    if query.parent_thread_id is None and query.ancestor_thread_id is None:
        return None
    children: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        parent = parent_of(row.summary.meta)
        if parent is not None:
            children[parent.lower()].add(row.summary.thread_id)
    found: list[set[str]] = []
    if query.parent_thread_id is not None:
        found.append(children[query.parent_thread_id.lower()])
    if query.ancestor_thread_id is not None:
        found.append(_below(query.ancestor_thread_id.lower(), children))
    return set[str].intersection(*found)


def _below(ancestor: str, children: defaultdict[str, set[str]]) -> set[str]:
    below: set[str] = set()
    pending = {ancestor}
    while pending:
        pending = set[str]().union(*(children[thread_id] for thread_id in pending)) - below
        below |= pending
    return below


def _in_folders(wanted: frozenset[str] | None) -> Callable[[str], bool]:
    """Return whether a folder is one of those, by whatever path."""
    if wanted is None:
        return lambda _cwd: True
    real = {os.path.realpath(folder) for folder in wanted}
    return lambda cwd: cwd in wanted or real_folder(cwd) in real
