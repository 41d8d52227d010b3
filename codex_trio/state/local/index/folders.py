"""Which rollout files there are, told from the folders' times of change: no folder is read twice for the same names.

Owns what is known of the folders under one CODEX_HOME and how names that come and go reach the table. A folder changes
whenever a name in it does, so one look at each folder's time tells of every new and every vanished file, however many
there are. Does not read files. Synchronous: run on a database thread or in a worker thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from codex_trio.state.db.state_db import Transaction
from codex_trio.state.local.index.table import FoundName, RolloutTable
from codex_trio.state.rollout.compressed import plain_name
from codex_trio.state.rollout.paths import RolloutName, RolloutPaths
from codex_trio.state.store.contents import PASSING
from codex_trio.state.store.interface import ThreadStoreError

_SETTLED_NS = 100_000_000
"""A folder that changed so recently may change again without its time telling, such is a file system's clock."""

_UNSETTLED = -1

NAMES_PER_TRANSACTION = 2000

_ATTEMPTS = 4
"""How often a folder is read that cannot be for the moment, before it is taken for gone."""


class FolderNames(msgspec.Struct, frozen=True):
    """What a folder holds. `mtime_ns` is its time of change if that can be relied on, else a time that never is."""

    folder: str
    mtime_ns: int
    folders: Sequence[str]
    files: Sequence[FoundName]


class Folders:
    """The folders that rollout files are in."""

    def __init__(self, paths: RolloutPaths, table: RolloutTable) -> None:
        self._archive = str(paths.archived_sessions)
        self._roots = (str(paths.sessions), self._archive)
        self._table = table
        self._known: dict[str, int] = dict.fromkeys(self._roots, _UNSETTLED)

    def load(self, transaction: Transaction) -> None:
        """Take over what earlier runs, or another process, knew, and forget anything else."""
        self._known = dict.fromkeys(self._roots, _UNSETTLED)
        for key, mtime_ns in transaction.rows("SELECT path, mtime_ns FROM folders"):
            self._known[str(self._table.path(key))] = mtime_ns

    def changed(self) -> list[str]:
        """Return the folders whose names are not those that are known."""
        stat = os.stat
        changed: list[str] = []
        for folder, mtime_ns in self._known.items():
            if mtime_ns == 0:
                if _obstacle(folder) is None:
                    changed.append(folder)
                continue
            try:
                if stat(folder).st_mtime_ns != mtime_ns:
                    changed.append(folder)
            except OSError:
                changed.append(folder)
        return changed

    def check(self) -> None:
        """Raise ThreadStoreError where files cannot be found: a folder for them is there and cannot be listed."""
        for root in self._roots:
            obstacle = _obstacle(root) if self._known[root] == 0 else None
            if obstacle is not None and not isinstance(obstacle, FileNotFoundError):
                way_out = "make it a folder that can be read"
                raise ThreadStoreError("internal", f"cannot list threads: {root}: {obstacle.strerror}; {way_out}")

    def read(self, folders: Iterable[str]) -> Iterator[FolderNames]:
        """Yield what these folders hold now, and those below them that are new."""
        pending = list(folders)
        while pending:
            names = _read(pending.pop(0))
            yield names
            pending += [folder for folder in names.folders if folder not in self._known]

    def put(self, transaction: Transaction, many: Iterable[FolderNames]) -> None:
        """Make the table hold the names that were read."""
        for names in many:
            key = self._table.key(names.folder)
            known = {path for (path,) in transaction.rows("SELECT path FROM rollouts WHERE folder = ?", key)}
            found = {self._table.key(file.path): file for file in names.files}
            new = [file for path, file in found.items() if path not in known]
            self._table.add_names(transaction, new, is_archived=names.folder.startswith(self._archive))
            self._table.remove(transaction, known - found.keys())
            if names.mtime_ns == 0:
                transaction.run("DELETE FROM folders WHERE path = ?", key)
            else:
                transaction.run(
                    "INSERT INTO folders (path, mtime_ns) VALUES (?, ?)"
                    " ON CONFLICT (path) DO UPDATE SET mtime_ns = excluded.mtime_ns",
                    key,
                    names.mtime_ns,
                )

    def learn(self, many: Iterable[FolderNames]) -> None:
        """Take what the table now holds for known."""
        for names in many:
            if names.mtime_ns == 0 and names.folder not in self._roots:
                self._known.pop(names.folder, None)
            else:
                self._known[names.folder] = names.mtime_ns


def _obstacle(folder: str) -> OSError | None:
    """Return why a folder cannot be listed."""
    try:
        os.scandir(folder).close()
    except OSError as error:
        return error
    return None


def batches(many: Iterable[FolderNames]) -> Iterator[list[FolderNames]]:
    """Yield folders together, as many as a short transaction can take."""
    batch: list[FolderNames] = []
    count = 0
    for names in many:
        batch.append(names)
        count += len(names.files) + 1
        if count >= NAMES_PER_TRANSACTION:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def _read(folder: str) -> FolderNames:
    """Return what a folder holds; nothing, changed at 0, when it is gone or cannot be read."""
    for _ in range(_ATTEMPTS):
        try:
            return _names(folder)
        except OSError as error:
            if error.errno not in PASSING:
                break
    return FolderNames(folder, 0, (), ())


def _names(folder: str) -> FolderNames:
    folders: list[str] = []
    files: dict[str, FoundName] = {}
    mtime_ns = os.stat(folder).st_mtime_ns
    if time.time_ns() - mtime_ns < _SETTLED_NS:
        mtime_ns = _UNSETTLED
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif (name := RolloutName.of_file(entry.name)) is not None and (status := _status(entry)) is not None:
                path = f"{folder}{os.sep}{plain_name(entry.name)}"
                if path == entry.path or path not in files:
                    files[path] = FoundName(path, name, status.st_mtime_ns)
    return FolderNames(folder, mtime_ns, folders, [*files.values()])


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError as error:
        if error.errno in PASSING:
            raise
        return None
