"""The table of rollout files: rows in and out.

Owns the columns of `rollouts` and which of a thread's files is listed. Does not read files (rows.py) and asks no
questions that a list would (listing.py). Functions run inside a transaction.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.state.db.state_db import Transaction
from codex_trio.state.rollout import compressed
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.store.contents import (
    FileVersion,
    IndexedRollout,
    RolloutFacts,
    listed_kind,
    parent_of,
    real_folder,
    spawned_by,
    unix_ms,
)
from codex_trio.util import decoding

COLUMNS = "path, is_archived, inode, size, mtime_ns, thread_id, facts, preview, is_listable"
"""What a row is made from, in the order that `row_of` takes."""

_PUT = """
INSERT INTO rollouts (
    path, folder, file_name, thread_id, is_archived, is_read, is_named_for_thread, is_listable, is_listed,
    inode, size, mtime_ns, created_at_ms, updated_at_ms, source_kind, model_provider, cwd, real_cwd,
    parent_thread_id, preview, facts
) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    thread_id = excluded.thread_id, is_archived = excluded.is_archived, is_read = 1,
    is_named_for_thread = excluded.is_named_for_thread, is_listable = excluded.is_listable,
    is_listed = excluded.is_listed, inode = excluded.inode, size = excluded.size, mtime_ns = excluded.mtime_ns,
    created_at_ms = excluded.created_at_ms, updated_at_ms = excluded.updated_at_ms,
    source_kind = excluded.source_kind, model_provider = excluded.model_provider, cwd = excluded.cwd,
    real_cwd = excluded.real_cwd, parent_thread_id = excluded.parent_thread_id, preview = excluded.preview,
    facts = excluded.facts
"""

_ADD_NAME = """
INSERT INTO rollouts (
    path, folder, file_name, thread_id, is_archived, is_read, is_named_for_thread, is_listable, is_listed,
    inode, size, mtime_ns, created_at_ms, updated_at_ms, source_kind, cwd, real_cwd, preview
) VALUES (?, ?, ?, ?, ?, 0, 1, 0, 0, 0, 0, ?, 0, 0, '', '', '', '')
ON CONFLICT (path) DO NOTHING
"""

# Of several files that hold a thread, its own latest counts; a copy under another name only when there is no other.
# In the archive a thread is listed though nobody has said anything in it: somebody has put it there.
_CHOOSE_LISTED = """
UPDATE rollouts SET is_listed = (is_listable OR ?2 AND facts IS NOT NULL) AND id = (
    SELECT id FROM rollouts WHERE thread_id = ?1 AND is_archived = ?2 AND facts IS NOT NULL
    ORDER BY is_named_for_thread DESC, file_name DESC LIMIT 1
) WHERE thread_id = ?1 AND is_archived = ?2
"""

_facts_decoder = decoding.json_decoder(RolloutFacts)
_facts_encoder = msgspec.json.Encoder()


class FoundName(msgspec.Struct, frozen=True):
    """A rollout file that a folder was found to hold, not read yet."""

    path: str
    name: RolloutName
    mtime_ns: int


class RolloutTable:
    """The rows of the rollout files of one CODEX_HOME."""

    def __init__(self, codex_home: Path) -> None:
        self._home = codex_home
        self._prefix = f"{codex_home}{os.sep}"

    def key(self, path: str | Path) -> str:
        """Return a path as the table has it: relative where the file is below the home, which may be
        moved as a whole.
        """
        return str(path).removeprefix(self._prefix)

    def path(self, key: str) -> Path:
        """Return the path that a key stands for."""
        return self._home / key

    def is_unchanged(self, key: str, inode: int, size: int, mtime_ns: int) -> bool:
        """Return whether the file is that version of itself.

        Asked of very many files, so it makes nothing of the path.
        """
        try:
            now = compressed.version(key if os.path.isabs(key) else self._prefix + key)
        except OSError:
            return False
        return now == (inode, size, mtime_ns)

    # --- changing ---

    def add_names(self, transaction: Transaction, names: Iterable[FoundName], *, is_archived: bool) -> None:
        """Add files that are there but were not read yet."""

        def values() -> Iterator[Sequence[Any]]:
            for found in names:
                key = self.key(found.path)
                folder, _, file_name = key.rpartition(os.sep)
                yield (key, folder, file_name, found.name.thread_id, is_archived, found.mtime_ns)

        transaction.run_many(_ADD_NAME, values())

    def put(self, transaction: Transaction, rollouts: Iterable[IndexedRollout]) -> None:
        """Put in rows for files as they were read, in place of theirs from before."""
        real_paths: dict[str, str] = {}
        for rollout in rollouts:
            before = transaction.row(
                "SELECT thread_id, is_archived FROM rollouts WHERE path = ?", self.key(rollout.path)
            )
            self._put(transaction, rollout, real_paths)
            if before is not None and before != (rollout.thread_id, int(rollout.is_archived)):
                _choose_listed(transaction, *before)
            _choose_listed(transaction, rollout.thread_id, int(rollout.is_archived))

    def _put(self, transaction: Transaction, rollout: IndexedRollout, real_paths: dict[str, str]) -> None:
        facts, version = rollout.facts, rollout.version
        meta = None if facts is None else facts.meta
        cwd = "" if meta is None else meta.cwd
        if cwd not in real_paths:
            real_paths[cwd] = real_folder(cwd)
        key = self.key(rollout.path)
        folder, _, file_name = key.rpartition(os.sep)
        name = RolloutName.parse(file_name)
        parent = None if meta is None else parent_of(meta)
        transaction.run(
            _PUT,
            key,
            folder,
            file_name,
            rollout.thread_id,
            rollout.is_archived,
            name is not None and name.thread_id == rollout.thread_id,
            rollout.is_listable,
            rollout.is_listable or (rollout.is_archived and facts is not None),
            version.inode,
            version.size,
            version.mtime_ns,
            0 if meta is None else unix_ms(meta.timestamp),
            version.mtime_ns // 1_000_000,
            "unknown" if meta is None else listed_kind(meta.source),
            None if meta is None else meta.model_provider,
            cwd,
            real_paths[cwd],
            None if parent is None else parent.lower(),
            rollout.preview,
            None if facts is None else _facts_encoder.encode(facts),
        )
        spawner = None if meta is None else spawned_by(meta)
        if spawner is not None:
            transaction.run(
                "INSERT INTO spawn_edges (child_thread_id, parent_thread_id, status) VALUES (?, ?, 'open')"
                " ON CONFLICT (child_thread_id) DO NOTHING",
                rollout.thread_id,
                spawner.lower(),
            )

    def move(self, transaction: Transaction, before: Path, after: Path, *, is_archived: bool) -> None:
        """Give a file another path, in the archive or not; it is otherwise as it was."""
        self.remove(transaction, [self.key(after)])
        key = self.key(after)
        folder, _, file_name = key.rpartition(os.sep)
        moved = transaction.row(
            "UPDATE rollouts SET path = ?, folder = ?, file_name = ?, is_archived = ? WHERE path = ?"
            " RETURNING thread_id",
            key,
            folder,
            file_name,
            is_archived,
            self.key(before),
        )
        if moved is not None:
            for state in (0, 1):
                _choose_listed(transaction, moved[0], state)

    def remove(self, transaction: Transaction, keys: Iterable[str]) -> None:
        """Remove files that are gone."""
        for key in keys:
            gone = transaction.row("DELETE FROM rollouts WHERE path = ? RETURNING thread_id, is_archived", key)
            if gone is not None:
                _choose_listed(transaction, *gone)

    # --- reading ---

    def row_of(self, values: Sequence[Any]) -> IndexedRollout:
        """Return the row that these columns (COLUMNS) make."""
        key, is_archived, inode, size, mtime_ns, thread_id, facts, preview, is_listable = values
        return IndexedRollout(
            path=self.path(key),
            is_archived=bool(is_archived),
            version=FileVersion(inode, size, mtime_ns),
            thread_id=thread_id,
            facts=None if facts is None else _facts_decoder.decode(facts),
            preview=preview,
            is_listable=bool(is_listable),
        )

    def at(self, transaction: Transaction, path: Path) -> IndexedRollout | None:
        """Return what is known of a file; None when it was never read."""
        found = transaction.row(f"SELECT {COLUMNS} FROM rollouts WHERE path = ? AND is_read", self.key(path))
        return None if found is None else self.row_of(found)

    def of_thread(self, transaction: Transaction, thread_id: str) -> list[IndexedRollout]:
        """Return the files that hold a thread, the one it goes on in first; what is not archived counts more."""
        found = transaction.rows(
            f"SELECT {COLUMNS} FROM rollouts WHERE thread_id = ?"
            " ORDER BY facts IS NULL, is_archived, is_named_for_thread DESC, file_name DESC",
            thread_id,
        )
        return [self.row_of(values) for values in found]


def _choose_listed(transaction: Transaction, thread_id: str, is_archived: int) -> None:
    several = transaction.row(
        "SELECT count(*) > 1 OR max(is_listed <> (is_listable OR is_archived AND facts IS NOT NULL))"
        " FROM rollouts WHERE thread_id = ? AND is_archived = ?",
        thread_id,
        is_archived,
    )
    if several is not None and several[0]:
        transaction.run(_CHOOSE_LISTED, thread_id, is_archived)
