"""The index of rollout files in use: answers that agree with the files, and the work that keeps it so.

Owns when files are looked at. The files are the truth: a row counts only for the version of the file that it was made
from, folders tell of files that came or went, and what is not so any more is read again before anybody is answered.
In the steady state an answer opens no file: it costs one look at each folder and at each file that it names.

Does not own the rows (rows.py, table.py), the statements (listing.py), or the database. Used by the local thread store.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import trio

from codex_trio.state.db.state_db import SqlValue, StateDb, Transaction
from codex_trio.state.local.index import listing
from codex_trio.state.local.index.folders import Folders, batches
from codex_trio.state.local.index.table import RolloutTable
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.file_lines import locator_of
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store import paging
from codex_trio.state.store.contents import HEAD_BYTES, FileVersion, IndexedRollout, read_rollout
from codex_trio.state.store.interface import ThreadPage, ThreadQuery
from codex_trio.state.store.paging import Position
from codex_trio.util.paging import page_size

WATCHED = 64
"""How many files, those that changed last, are looked at for each answer: one that is written to will be among them."""

_ROUNDS = 1000
_BATCH = 256
_FILES_PER_WRITE = 1024
_LAST_RESORT = 16
_SWEEP_BATCH = 2000

SWEEP_SECONDS = 60.0
"""For so long files that nobody looks at are taken not to have been written to by other programs."""


Condition: TypeAlias = Callable[[Transaction], tuple[str, str]]
"""An SQL condition with one parameter, and that parameter's value."""


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and what has to be read before it can be relied on."""

    page: ThreadPage | None
    folders: Sequence[str] = ()
    stale: Sequence[IndexedRollout] = ()
    unread: Sequence[str] = ()


class RolloutIndex:
    """The rollout files under one CODEX_HOME, by way of the database. Calls raise StateDbError."""

    def __init__(
        self,
        database: StateDb,
        *,
        codex_home: Path,
        paths: RolloutPaths,
        names: ThreadNames,
        head_bytes: int = HEAD_BYTES,
    ) -> None:
        self._head_bytes = head_bytes
        self._database = database
        self._paths = paths
        self._locate_base = locator_of(paths.locate_base)
        self._names = names
        self._table = RolloutTable(codex_home)
        self._folders = Folders(paths, self._table)
        self._generation = 0
        self._folder_lock = trio.Lock()
        self._sweep_lock = trio.Lock()
        self._swept_at = -math.inf
        self._used = trio.Event()

    def path(self, key: str) -> Path:
        """Return the file that a row's key stands for."""
        return self._table.path(key)

    def key(self, path: Path) -> str:
        """Return what a file's row has for its path."""
        return self._table.key(path)

    def row_of(self, columns: Sequence[Any]) -> IndexedRollout:
        """Return what a row of the table says, from its COLUMNS."""
        return self._table.row_of(columns)

    # --- asking ---

    async def page(
        self, query: ThreadQuery, *, is_loaded: Callable[[str], bool], extra: Condition | None = None
    ) -> ThreadPage:
        """Return a page of threads. `is_loaded`: whether this process has a thread loaded; `put` keeps its row true.

        `extra` is one more condition for rows. Raises InvalidCursor, ThreadStoreError.
        """
        cursor = paging.cursor_of(query)
        if paging.finds_none(query):
            return paging.EMPTY_PAGE
        self._used.set()
        if query.sort_key != "created_at" or extra is not None:
            # What another process wrote to shows only in the files: in when they changed, and in what words they have.
            await self.sweep(if_due=True)
        fresh: set[Path] = set()
        batch = max(64, 2 * page_size(query.limit))
        for _ in range(_ROUNDS):
            look = await self._database.read(
                partial(self._look, query=query, cursor=cursor, is_loaded=is_loaded, extra=extra, batch=batch)
            )
            if look.folders:
                await self._refresh(look.folders)
            again = [row for row in look.stale if row.path not in fresh]
            fresh.update(row.path for row in again)
            if look.page is not None and not look.unread and not again:
                return look.page
            await self.read_files([*(row.path for row in again), *map(self._table.path, look.unread)])
            batch = _BATCH
        raise AssertionError("every round reads files that were not read before")

    def _look(
        self,
        transaction: Transaction,
        *,
        query: ThreadQuery,
        cursor: Position | None,
        is_loaded: Callable[[str], bool],
        extra: Condition | None,
        batch: int,
    ) -> _Look:
        folders = self._changed_folders(transaction)
        if folders:
            return _Look(page=None, folders=folders)
        self._folders.check()
        named = self._names.containing(query.search_term) if query.search_term else ()
        condition = None if extra is None else extra(transaction)
        page = listing.select_page(transaction, self._table, query, cursor, named=named, condition=condition)
        watched = self._moved_on(transaction, "is_read ORDER BY mtime_ns DESC LIMIT ?", WATCHED)
        stale = [row for row in page.rows if not _is_current(row)] + watched
        stale = [row for row in stale if not is_loaded(row.thread_id)]
        unread = listing.unread_before(transaction, query, cursor, page.beyond, limit=batch)
        return _Look(page=listing.page_of(page, query, self._names.all()), stale=stale, unread=unread)

    async def find(self, thread_id: str, *, is_loaded: Callable[[str], bool]) -> list[IndexedRollout]:
        """Return the files that hold a thread, the one it goes on in first; files that are not archived count more."""
        thread_id = thread_id.lower()
        found = await self._current_rows(thread_id, is_loaded)
        if found:
            return found
        # Not known, or not where it was: the names of all files may tell, and else the files.
        files = await trio.to_thread.run_sync(partial(_named_for, self._paths, thread_id))
        await self.read_files(files)
        found = await self._current_rows(thread_id, is_loaded)
        for _ in range(_LAST_RESORT):
            # A file under another thread's name may hold it. Of very many, the background reads the rest.
            if found or not await self.read_some(_BATCH):
                break
            found = await self._current_rows(thread_id, is_loaded)
        return found

    async def builders_on(self, base_id: str) -> set[str]:
        """Return the threads that go on from the lines of a file, by what they call it; files not read
        yet are left out.
        """

        def look(transaction: Transaction) -> set[str]:
            found = transaction.rows(
                "SELECT thread_id FROM rollouts WHERE instr(CAST(facts AS TEXT), ?1)"
                " AND json_extract(CAST(facts AS TEXT), '$.meta.history_base.thread_id') = ?1",
                base_id,
            )
            return {thread_id for (thread_id,) in found}

        return await self._database.read(look)

    async def at(self, path: Path) -> IndexedRollout | None:
        """Return what a file holds, wherever it is; None when it is gone."""
        row = await self._database.read(partial(_row_at, table=self._table, path=path))
        if row is None or not await trio.to_thread.run_sync(_is_current, row):
            await self.read_files([path])
            row = await self._database.read(partial(_row_at, table=self._table, path=path))
        return row

    async def _current_rows(self, thread_id: str, is_loaded: Callable[[str], bool]) -> list[IndexedRollout]:
        for _ in range(2):
            folders, found, stale = await self._database.read(
                partial(self._look_for, thread_id=thread_id, loaded=is_loaded(thread_id))
            )
            if not folders and not stale:
                return found
            if folders:
                await self._refresh(folders)
            await self.read_files(row.path for row in stale)
        _, found, _ = await self._database.read(
            partial(self._look_for, thread_id=thread_id, loaded=is_loaded(thread_id))
        )
        return found

    def _look_for(
        self, transaction: Transaction, *, thread_id: str, loaded: bool
    ) -> tuple[list[str], list[IndexedRollout], list[IndexedRollout]]:
        folders = self._changed_folders(transaction)
        found = self._table.of_thread(transaction, thread_id)
        return folders, found, [] if loaded else [row for row in found if not _is_current(row)]

    # --- keeping it true ---

    async def put(self, rollouts: Sequence[IndexedRollout]) -> None:
        """Take these rows for what the files hold."""
        self._used.set()
        if rollouts:
            await self._database.write(self._table.put, rollouts)

    async def read_files(self, paths: Iterable[Path]) -> None:
        """Read these files, again or for the first time; what is gone is forgotten."""
        pending = list(paths)
        while pending:
            batch, pending = pending[:_FILES_PER_WRITE], pending[_FILES_PER_WRITE:]
            await self._read_batch(batch)

    async def settle(self, threads: str, *values: SqlValue) -> None:
        """Read what is new about the threads that a statement gives the ids of."""
        unread = f"SELECT path FROM rollouts WHERE NOT is_read AND thread_id IN ({threads})"

        def look(transaction: Transaction) -> tuple[list[str], list[Path]]:
            folders = self._changed_folders(transaction)
            return folders, [self._table.path(key) for (key,) in transaction.rows(unread, *values)]

        self._used.set()
        await self.sweep(if_due=True)
        folders, paths = await self._database.read(look)
        if folders:
            await self._refresh(folders)
            _, paths = await self._database.read(look)
        await self.read_files(paths)

    async def read_all(self) -> None:
        """Read what was not read yet, all of it."""
        while await self.read_some(_FILES_PER_WRITE):
            pass

    async def has_unread(self) -> bool:
        """Return whether there are files that were not read yet."""
        folders, unread = await self._database.read(partial(self._look_for_unread, limit=1))
        return bool(folders or unread)

    async def read_some(self, limit: int) -> bool:
        """Read some of the files that were not read yet; False when there was none."""
        folders, unread = await self._database.read(partial(self._look_for_unread, limit=limit))
        if folders:
            await self._refresh(folders)
        await self.read_files(unread)
        return bool(folders or unread)

    def _look_for_unread(self, transaction: Transaction, *, limit: int) -> tuple[list[str], list[Path]]:
        # The newest first: they are asked for first.
        unread = transaction.rows("SELECT path FROM rollouts WHERE NOT is_read ORDER BY file_name DESC LIMIT ?", limit)
        return self._changed_folders(transaction), [self._table.path(key) for (key,) in unread]

    async def moved(self, paths: Mapping[Path, Path], *, to_archive: bool) -> None:
        """Take files for the same at their new paths: what is known of them holds on."""

        def write(transaction: Transaction) -> None:
            for before, after in paths.items():
                self._table.move(transaction, before, after, is_archived=to_archive)

        await self._database.write(write)

    async def forget(self, thread_ids: Sequence[str]) -> None:
        """Drop everything about these threads, whose files are gone."""

        def write(transaction: Transaction) -> None:
            for thread_id in thread_ids:
                for table, column in (
                    ("rollouts", "thread_id"),
                    ("spawn_edges", "child_thread_id"),
                    ("read_states", "thread_id"),
                    ("thread_projects", "thread_id"),
                    ("section_threads", "thread_id"),
                    ("attachments", "thread_id"),
                ):
                    transaction.run(f"DELETE FROM {table} WHERE {column} = ?", thread_id)

        await self._database.write(write)
        self._database.note_change()

    async def _read_batch(self, paths: Sequence[Path]) -> None:
        known = await self._database.read(partial(_rows_at, table=self._table, paths=paths))

        def read() -> tuple[list[IndexedRollout], list[str]]:
            found: list[IndexedRollout] = []
            gone: list[str] = []
            for path in paths:
                row = read_rollout(
                    path,
                    is_archived=path.is_relative_to(self._paths.archived_sessions),
                    locate_base=self._locate_base,
                    known=known.get(path),
                    head_bytes=self._head_bytes,
                )
                if row is None:
                    gone.append(self._table.key(path))
                else:
                    found.append(row)
            return found, gone

        found, gone = await trio.to_thread.run_sync(read)

        def write(transaction: Transaction) -> None:
            self._table.put(transaction, found)
            self._table.remove(transaction, gone)

        await self._database.write(write)

    def _changed_folders(self, transaction: Transaction) -> list[str]:
        if self._generation != self._database.generation:
            self._generation = self._database.generation
            self._folders.load(transaction)
            self._swept_at = -math.inf
        return self._folders.changed()

    async def _refresh(self, folders: Sequence[str]) -> None:
        async with self._folder_lock:
            pending = batches(self._folders.read(folders))
            while (batch := await trio.to_thread.run_sync(next, pending, None)) is not None:
                await self._database.write(self._folders.put, batch)
                self._folders.learn(batch)

    # --- in the background ---

    def next_use(self) -> trio.Event:
        """Return what is set when a page is asked for, or a file is written to by this process, from now on."""
        self._used = trio.Event()
        return self._used

    async def sweep(self, *, if_due: bool = False) -> None:
        """Look at every file, and read again those that another process wrote to; `if_due`, unless it just did."""
        async with self._sweep_lock:
            started = trio.current_time()
            if if_due and started - self._swept_at < SWEEP_SECONDS:
                return
            last = 0
            while last >= 0:
                last, stale = await self._database.read(partial(self._moved_on_after, last=last))
                await self.read_files(row.path for row in stale)
            self._swept_at = started

    def _moved_on_after(self, transaction: Transaction, *, last: int) -> tuple[int, list[IndexedRollout]]:
        ids = transaction.row(
            "SELECT max(id), count(*) FROM (SELECT id FROM rollouts WHERE id > ? ORDER BY id LIMIT ?)",
            last,
            _SWEEP_BATCH,
        )
        assert ids is not None
        following, count = ids
        stale = self._moved_on(transaction, "is_read AND id > ? AND id <= ?", last, following)
        return (following if count == _SWEEP_BATCH else -1), stale

    def _moved_on(self, transaction: Transaction, terms: str, *values: int) -> list[IndexedRollout]:
        """Return the rows among these whose files are not as they were when they were read."""
        stale: list[IndexedRollout] = []
        for key, inode, size, mtime_ns in transaction.rows(
            f"SELECT path, inode, size, mtime_ns FROM rollouts WHERE {terms}", *values
        ):
            if not self._table.is_unchanged(key, inode, size, mtime_ns):
                row = self._table.at(transaction, self._table.path(key))
                assert row is not None
                stale.append(row)
        return stale


def _is_current(row: IndexedRollout) -> bool:
    return FileVersion.of(row.path) == row.version


def _row_at(transaction: Transaction, *, table: RolloutTable, path: Path) -> IndexedRollout | None:
    return table.at(transaction, path)


def _rows_at(transaction: Transaction, *, table: RolloutTable, paths: Sequence[Path]) -> dict[Path, IndexedRollout]:
    rows = {path: table.at(transaction, path) for path in paths}
    return {path: row for path, row in rows.items() if row is not None}


def _named_for(paths: RolloutPaths, thread_id: str) -> list[Path]:
    """Return the files whose names have that thread's id, in the archive or not."""
    live = paths.segments(thread_id, archived=False)
    return [file.path for file in (*live, *paths.segments(thread_id, archived=True))]
