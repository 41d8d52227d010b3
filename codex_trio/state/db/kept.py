"""What the state database holds that exists nowhere else, and the copy of that in a file beside it.

Owns which tables those are and the copy's form. The copy is written whole and put in place at once, so that whatever
happens to the database, or to this process, there is one; a database that is made anew is filled from it. Does not own
when a copy is made (copying.py) or what is read from a database that is damaged (salvage.py).
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from codex_trio.state.db.errors import StateDbError
from codex_trio.state.db.state_db import SqlValue, Transaction
from codex_trio.util import decoding
from codex_trio.util.clock import now_ms
from codex_trio.util.private_folder import FILE_MODE

_log = logging.getLogger(__name__)


class KeptTable(msgspec.Struct, frozen=True):
    """A table whose rows exist nowhere else; `words` are what its rows are for users."""

    name: str
    key: str
    words: str
    json: Sequence[str] = ()
    order: str = ""
    """What rows are read in the order of, where that is not the key."""


KEPT_TABLES = (
    KeptTable("projects", "id", "projects", json=("roots", "metadata")),
    KeptTable("project_keys", "key", "keys of projects"),
    KeptTable("thread_projects", "thread_id", "threads in projects"),
    KeptTable("sections", "id", "sections", json=("appearance",)),
    KeptTable("section_threads", "thread_id", "threads in sections"),
    KeptTable("attachments", "id", "attachments", json=("payload",), order="rowid"),
    KeptTable("queued_inputs", "id", "queued messages", json=("message",), order="rowid"),
    KeptTable("goals", "thread_id", "goals"),
    KeptTable("memories", "thread_id", "memories of threads"),
    KeptTable("memory_jobs", "key", "work on memories"),
    KeptTable("memory_summary", "id", "summaries of memories"),
    KeptTable("read_states", "thread_id", "read states"),
    KeptTable("spawn_edges", "child_thread_id", "agents of threads"),
)


class KeptRows(msgspec.Struct, frozen=True):
    """The rows of a table."""

    columns: list[str]
    rows: list[list[Any]]

    def by(self, key: str) -> dict[SqlValue, list[SqlValue]]:
        """Return the rows by their key."""
        if key not in self.columns:
            return {}
        place = self.columns.index(key)
        return {row[place]: row for row in self.rows}


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept at some moment, by table."""

    made_at_ms: int
    tables: Mapping[str, KeptRows]


_encoder = msgspec.msgpack.Encoder()
_decoder = decoding.msgpack_decoder(Kept)


def copy_path(database: Path) -> Path:
    """Return where the copy of what a database keeps is."""
    return database.with_name(f"{database.name}.kept")


def what_is_kept(transaction: Transaction) -> Kept:
    """Return all that a sound database keeps."""
    tables = {table.name: _all_rows(transaction, table) for table in KEPT_TABLES}
    return Kept(made_at_ms=now_ms(), tables=tables)


def fill(transaction: Transaction, kept: Kept) -> None:
    """Put what was kept into the tables of a new database. Rows that they do not take are left out, and logged."""
    for table in KEPT_TABLES:
        rows = kept.tables.get(table.name)
        if rows is None:
            continue
        known = set(columns_of(transaction, table.name))
        places = [place for place, column in enumerate(rows.columns) if column in known]
        names = ", ".join(rows.columns[place] for place in places)
        marks = ", ".join("?" * len(places))
        statement = f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({marks})"
        for row in rows.rows:
            try:
                transaction.run(statement, *(row[place] for place in places))
            except apsw.ConstraintError as error:
                _log.warning("a row of %s could not be restored: %s", table.name, error)


def columns_of(transaction: Transaction, table: str) -> list[str]:
    """Return the names of a table's columns; none when there is no such table."""
    return [name for _, name, *_ in transaction.rows(f"PRAGMA table_info({table})")]


def read_copy(path: Path) -> Kept | None:
    """Return what a copy holds; None when there is none that can be read. Blocking."""
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("the copy %s cannot be read: %s", path, error)
        return None


def write_copy(path: Path, kept: Kept) -> None:
    """Put a copy in the place of the former one, unless that says the same. Raises StateDbError. Blocking."""
    before = read_copy(path)
    if before is not None and before.tables == kept.tables:
        return
    new = path.with_name(f"{path.name}.new")
    try:
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE), "wb") as file:
                file.write(_encoder.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise StateDbError(path, f"the copy cannot be written: {error.strerror}") from error


def _all_rows(transaction: Transaction, table: KeptTable) -> KeptRows:
    columns = columns_of(transaction, table.name)
    statement = f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {table.key}"
    return KeptRows(columns, [list(row) for row in transaction.rows(statement)])
