"""Setting a damaged state database aside, after saving what exists nowhere else.

Owns reading what can be read of it, row by row past damaged pages, and what users are told of that. What is read, and
for the rest what the copy has, becomes the copy that the next database is filled from: it is written before the file is
renamed, so that a process that is killed in between has lost nothing. Blocking.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import msgspec

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.kept import (
    KEPT_TABLES,
    Kept,
    KeptRows,
    KeptTable,
    columns_of,
    copy_path,
    read_copy,
    write_copy,
)
from codex_trio.state.db.state_db import SqlValue, Transaction
from codex_trio.util.clock import now_ms

_LOCK_MS = 5000
"""How long another process may take to finish what it writes to the damaged file."""

_UNREADABLE = (apsw.Error, UnicodeDecodeError)
_BUILT_IN = {"01984de2-8f74-7c91-a3b2-5c5e937cf318"}
_PARTS_OF_OTHERS = {"thread_projects": ("project_id", "projects"), "section_threads": ("section_id", "sections")}


class _Found(msgspec.Struct, kw_only=True):
    """What was read of a table. `is_whole`: nothing of it was met that cannot be read."""

    columns: list[str]
    rows: dict[SqlValue, list[SqlValue]]
    is_whole: bool
    from_copy: int = 0


def set_aside(path: Path, problem: str) -> str:
    """Save what the database keeps, and rename it out of the way; what users are to know of that.

    Raises StateDbError, with the database where it was.
    """
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    copy = read_copy(copy_path(path))
    # Others who have it open finish what they write, then wait, and find that it is not the file of that name any more.
    connection = _hold(path)
    try:
        found = {table.name: _saved(connection, table, copy) for table in KEPT_TABLES}
        _drop_parts_of_nothing(found)
        tables = {name: KeptRows(table.columns, [*table.rows.values()]) for name, table in found.items()}
        write_copy(copy_path(path), Kept(made_at_ms=now_ms(), tables=tables))
        _rename(path, aside)
    finally:
        if connection is not None:
            connection.close()
    return _told(path, problem, aside, found, copy)


def _hold(path: Path) -> Any | None:
    """Return a connection, in a transaction where that can be had; None when nothing can be read."""
    try:
        connection: Any = apsw.Connection(str(path), apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return None
    connection.set_busy_timeout(_LOCK_MS)
    for begin in ("BEGIN IMMEDIATE", "BEGIN"):
        try:
            connection.execute(begin)
        except apsw.Error:
            continue
        break
    return connection


def _saved(connection: Any | None, table: KeptTable, copy: Kept | None) -> _Found:
    copied = None if copy is None else copy.tables.get(table.name)
    former = {} if copied is None else copied.by(table.key)
    found = _read(connection, table, former)
    if copied is None or found.is_whole:
        return found
    if not found.columns:
        found.columns = copied.columns
    if found.columns == copied.columns:
        missing = {key: row for key, row in former.items() if key not in found.rows}
        found.rows.update(missing)
        found.from_copy = len(missing)
    return found


def _read(connection: Any | None, table: KeptTable, candidates: Iterable[SqlValue]) -> _Found:
    """Return what can be read: from both ends up to what cannot, and what is known of by its key."""
    nothing = _Found(columns=[], rows={}, is_whole=False)
    if connection is None:
        return nothing
    transaction = Transaction(connection)
    try:
        columns = columns_of(transaction, table.name)
    except _UNREADABLE:
        return nothing
    if not columns:
        return nothing
    found = _Found(columns=columns, rows={}, is_whole=True)
    select = f"SELECT {', '.join(columns)} FROM {table.name}"
    order = table.order or table.key
    for direction in ("ASC", "DESC"):
        if _take(found, table, transaction, f"{select} ORDER BY {order} {direction}"):
            return found
        found.is_whole = False
    for key in candidates:
        if key not in found.rows:
            _take(found, table, transaction, f"{select} WHERE {table.key} = ?", key)
    return found


def _take(found: _Found, table: KeptTable, transaction: Transaction, statement: str, *values: SqlValue) -> bool:
    """Add rows that are sound; False when one is not, or could not be read."""
    key, words = found.columns.index(table.key), [found.columns.index(name) for name in table.json]
    is_whole = True
    try:
        for row in transaction.rows(statement, *values):
            if isinstance(row[key], str) and row[key] and all(_is_json(row[place]) for place in words):
                found.rows[row[key]] = list(row)
            else:
                is_whole = False
    except _UNREADABLE:
        return False
    return is_whole


def _is_json(value: SqlValue) -> bool:
    if value is None:
        return True
    if not isinstance(value, (str, bytes)):
        return False
    try:
        msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _drop_parts_of_nothing(found: dict[str, _Found]) -> None:
    """Leave no thread in a project or section that could not be saved."""
    for name, (column, of) in _PARTS_OF_OTHERS.items():
        table = found[name]
        if found[of].is_whole or column not in table.columns:
            continue
        place = table.columns.index(column)
        stray = [key for key, row in table.rows.items() if row[place] not in found[of].rows]
        for key in stray:
            del table.rows[key]
        table.is_whole = table.is_whole and not stray


def _rename(path: Path, aside: Path) -> None:
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            companion = path.with_name(path.name + suffix)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StateDbError(path, f"is damaged and cannot be set aside: {error.strerror}") from error


def _told(path: Path, problem: str, aside: Path, found: dict[str, _Found], copy: Kept | None) -> str:
    damaged = [table for table in KEPT_TABLES if not found[table.name].is_whole]
    text = (
        f"The state database {path} is damaged ({problem}). It is kept as {aside} and made anew: threads are found"
        f" again from their files. Of what is kept there alone these were saved: {_counts(found)}."
    )
    if not damaged:
        return text
    names = ", ".join(table.words for table in damaged)
    if copy is None:
        return f"{text} Some of these could not be read and may be missing: {names}."
    taken = sum(found[table.name].from_copy for table in damaged)
    when = datetime.fromtimestamp(copy.made_at_ms / 1000, tz=UTC).isoformat(timespec="seconds")
    return (
        f"{text} Not all of these could be read: {names}; {taken} of them are as they were at {when},"
        " and changes after that may be missing."
    )


def _counts(found: dict[str, _Found]) -> str:
    counts = [(table.words, len(found[table.name].rows.keys() - _BUILT_IN)) for table in KEPT_TABLES]
    return ", ".join(f"{count} {words}" for words, count in counts if count) or "nothing"
