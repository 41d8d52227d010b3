"""Pages of threads from the table: filters and orders as SQL.

Owns the statements. Does not own cursors, nor what a query means by itself (state/store/paging.py). Reads no file:
which rows can be relied on is the index's business (index.py). Functions run inside a transaction.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET

from codex_trio.state.db.state_db import SqlValue, Transaction
from codex_trio.state.local.index.table import COLUMNS, RolloutTable
from codex_trio.state.store import paging
from codex_trio.state.store.contents import IndexedRollout
from codex_trio.state.store.interface import SortKey, ThreadPage, ThreadQuery
from codex_trio.state.store.paging import Position, source_kinds
from codex_trio.util.paging import page_size

# A file's name tells when its thread was created, in the local time of where that was: so far it can be off.
_NAME_SLACK_MS = 48 * 3600 * 1000


class RowsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page's rows in order. `beyond` is the place of the first row after them; None when there is none."""

    rows: Sequence[IndexedRollout]
    places: Sequence[int]
    """What each row is sorted by."""
    beyond: Position | None


def _column(key: SortKey) -> str:
    if key == "section_position":
        return "(SELECT position FROM section_threads WHERE section_threads.thread_id = rollouts.thread_id)"
    return "created_at_ms" if key == "created_at" else "updated_at_ms"


def terms(
    query: ThreadQuery, cursor: Position | None, *, until: Position | None = None, named: Iterable[str] = ()
) -> tuple[list[str], list[SqlValue]]:
    """Return the conditions for the rows of a query, and their values: after the cursor, and up to `until`, itself
    included.

    `named` are the threads whose names match the query's search term.
    """
    column = _column(query.sort_key)
    conditions, values = _filters(query, named)
    if cursor is not None:
        operator = "<" if query.descending else ">"
        if cursor.thread_id:
            conditions.append(f"({column}, thread_id) {operator} (?, ?)")
            values += [cursor.place, cursor.thread_id]
        else:
            conditions.append(f"{column} {operator} ?")
            values.append(cursor.place)
    if until is not None:
        conditions.append(f"({column}, thread_id) {'>=' if query.descending else '<='} (?, ?)")
        values += [until.place, until.thread_id]
    return conditions, values


def select_page(
    transaction: Transaction,
    table: RolloutTable,
    query: ThreadQuery,
    cursor: Position | None,
    *,
    named: Iterable[str],
    condition: tuple[str, str] | None = None,
) -> RowsPage:
    """Return the page's rows. `condition` is one more for rows, with its value; `named` as for `terms`."""
    column = _column(query.sort_key)
    conditions, values = terms(query, cursor, named=named)
    if condition is not None:
        conditions.append(condition[0])
        values.append(condition[1])
    direction = "DESC" if query.descending else "ASC"
    limit = page_size(query.limit)
    # Few threads are asked for then; else the order is what must not be made anew for every page.
    index = "" if _asks_for_few(query) else _ORDER[query.sort_key]
    found = [
        *transaction.rows(
            f"SELECT {column}, {COLUMNS} FROM rollouts {index} WHERE {' AND '.join(conditions)}"
            f" ORDER BY {column} {direction}, thread_id {direction} LIMIT ?",
            *values,
            limit + 1,
        )
    ]
    rows = [table.row_of(row[1:]) for row in found]
    return RowsPage(
        rows=rows[:limit],
        places=[row[0] for row in found[:limit]],
        beyond=Position(found[-1][0], rows[-1].thread_id) if len(rows) > limit else None,
    )


def page_of(page: RowsPage, query: ThreadQuery, names: Mapping[str, str]) -> ThreadPage:
    """Return the page as callers get it."""
    found = [row.summary(names.get(row.thread_id)) for row in page.rows]
    placed = [(place, summary) for place, summary in zip(page.places, found, strict=True) if summary is not None]
    return paging.page_of(placed, query, is_last=page.beyond is None)


def _asks_for_few(query: ThreadQuery) -> bool:
    """Return whether the threads are related to one, or of one project or section."""
    related = query.parent_thread_id is not None or query.ancestor_thread_id is not None
    return related or isinstance(query.project_id, str) or isinstance(query.section_id, str)


def _filters(query: ThreadQuery, named: Iterable[str]) -> tuple[list[str], list[SqlValue]]:
    # In a section a thread is shown though nobody has said anything in it: somebody has put it there.
    conditions = [_IS_LATEST if isinstance(query.section_id, str) else "is_listed", "is_archived = ?"]
    values: list[SqlValue] = [query.archived]

    def among(column: str, wanted: Iterable[str], *, negated: bool = False) -> None:
        listed = sorted(wanted)
        conditions.append(f"{column} {'NOT IN' if negated else 'IN'} ({', '.join('?' * len(listed))})")
        values.extend(listed)

    if query.model_providers is not None:
        among("ifnull(model_provider, '')", query.model_providers)
    kinds = source_kinds(query)
    if kinds is not None:
        among("source_kind", kinds)
    if query.excluded_thread_ids:
        among("thread_id", query.excluded_thread_ids, negated=True)
    if query.included_thread_ids is not None:
        # No thread has an empty id. SQLite has no plan for an empty list in the order that is named for it.
        among("thread_id", query.included_thread_ids or [""])
    if query.parent_thread_id is not None:
        conditions.append("parent_thread_id = ?")
        values.append(query.parent_thread_id.lower())
    if query.ancestor_thread_id is not None:
        conditions.append(f"thread_id IN ({_DESCENDANTS})")
        values.append(query.ancestor_thread_id.lower())
    for table, column, wanted in (
        ("thread_projects", "project_id", query.project_id),
        ("section_threads", "section_id", query.section_id),
    ):
        if wanted is None:
            conditions.append(f"thread_id NOT IN (SELECT thread_id FROM {table})")
        elif wanted is not UNSET:
            conditions.append(f"thread_id IN (SELECT thread_id FROM {table} WHERE {column} = ?)")
            values.append(wanted)
    if query.cwds is not None:
        wanted = sorted(query.cwds)
        real = sorted({os.path.realpath(folder) for folder in wanted})
        conditions.append(f"(cwd IN ({', '.join('?' * len(wanted))}) OR real_cwd IN ({', '.join('?' * len(real))}))")
        values += [*wanted, *real]
    if query.search_term:
        conditions.append("(instr(preview, ?) OR thread_id IN (SELECT value FROM json_each(?)))")
        values += [query.search_term, json.dumps(sorted(named))]
    return conditions, values


# Whether a row is that of the file which its thread goes on in, as `is_listed` has it.
_IS_LATEST = """
id = (
    SELECT id FROM rollouts AS own
    WHERE own.thread_id = rollouts.thread_id AND own.is_archived = rollouts.is_archived AND own.facts IS NOT NULL
    ORDER BY own.is_named_for_thread DESC, own.file_name DESC LIMIT 1
)
"""

_ORDER = {
    "created_at": "INDEXED BY rollouts_created",
    "updated_at": "INDEXED BY rollouts_updated",
    "recency_at": "INDEXED BY rollouts_updated",
    "section_position": "",
}

_DESCENDANTS = """
WITH RECURSIVE below (thread_id) AS (
    SELECT thread_id FROM rollouts WHERE parent_thread_id = ?
    UNION
    SELECT rollouts.thread_id FROM below JOIN rollouts ON rollouts.parent_thread_id = below.thread_id
) SELECT thread_id FROM below
"""


def unread_before(
    transaction: Transaction, query: ThreadQuery, cursor: Position | None, beyond: Position | None, *, limit: int
) -> list[str]:
    """Return the files, most needed first, that were not read yet and may belong on this page; `beyond` ends the page.

    Their place is told by their names, or times of change, so that a page needs only the files around it.
    """
    bounds: tuple[SqlValue, SqlValue]
    low, high = (beyond, cursor) if query.descending else (cursor, beyond)
    if query.sort_key == "section_position":
        # Nothing that a name tells says where in the section its thread is.
        column, bounds = "file_name", (None, None)
    elif query.sort_key == "created_at":
        column = "file_name"
        bounds = (
            None if low is None else _name_at(low.place - _NAME_SLACK_MS),
            None if high is None else _name_at(high.place + _NAME_SLACK_MS),
        )
    else:
        column = "mtime_ns"
        bounds = (
            None if low is None else low.place * 1_000_000,
            None if high is None else (high.place + 1) * 1_000_000,
        )
    conditions = ["NOT is_read", "is_archived = ?"]
    values: list[SqlValue] = [query.archived]
    if isinstance(query.section_id, str):
        conditions.append("thread_id IN (SELECT thread_id FROM section_threads WHERE section_id = ?)")
        values.append(query.section_id)
    for operator, bound in zip((">=", "<="), bounds, strict=True):
        if bound is not None:
            conditions.append(f"{column} {operator} ?")
            values.append(bound)
    direction = "DESC" if query.descending else "ASC"
    return [
        path
        for (path,) in transaction.rows(
            f"SELECT path FROM rollouts WHERE {' AND '.join(conditions)} ORDER BY {column} {direction} LIMIT ?",
            *values,
            limit,
        )
    ]


def _name_at(time_ms: int) -> str:
    return f"rollout-{time.strftime('%Y-%m-%dT%H-%M-%S', time.gmtime(max(time_ms, 0) // 1000))}"
