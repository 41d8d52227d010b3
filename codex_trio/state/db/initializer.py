"""Opening the state database for a server: the one place that creates, migrates or replaces the file.

Owns the file's name, setting a damaged file aside, and telling why there is no database. Does not own what the tables
are filled with (state/index).
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.state.db.connection import StateDb
from codex_trio.state.db.errors import StateDbBusy, StateDbDamaged, StateDbError
from codex_trio.state.db.migrations import migrate
from codex_trio.util.lock_holders import only_commands_hold
from codex_trio.util.private_folder import FILE_MODE, close_to_others

_log = logging.getLogger(__name__)

_FILE_NAME = "codex_trio_1.sqlite"

_IN_MEMORY = "Threads are found from their files; nothing else is remembered when this server ends."

_LOCK_POLL_SECONDS = 0.02
_ATTEMPTS_BETWEEN_LOOKS = 10
_LOCK_ATTEMPTS = 1000


def state_db_path(sqlite_home: Path) -> Path:
    """Return where the database is, in the folder that is configured for it."""
    return sqlite_home / _FILE_NAME


@asynccontextmanager
async def state_database(path: Path, *, warn: Callable[[str], None]) -> AsyncGenerator[StateDb]:
    """Provide the database of a server, to be watched over by `keep_database_usable`.

    One in memory takes its place when the file cannot be used; `warn` is then told, in words for the user, what that
    means.
    """
    try:
        database = await open_state_db(path)
    except StateDbError as error:
        _log.error("%s", error)
        warn(f"The {error}. {_IN_MEMORY}")
        database = await _open(None)
    try:
        yield database
    finally:
        await database.aclose()


async def keep_database_usable(database: StateDb, *, warn: Callable[[str], None]) -> None:
    """Put another database in the place of one that fails, until cancelled. A service of `app.py`.

    A damaged file is set aside and made anew; where that is not what helps, one in memory takes its place.
    """
    while True:
        await database.failed.wait()
        try:
            if database.is_damaged and database.is_persistent:
                await _replace_damaged(database)
                continue
            problem = f"The state database {database.path} cannot be used: {database.problem}."
        except StateDbError as error:
            problem = f"The {error}."
        _log.error("%s", problem)
        if database.is_persistent:
            warn(f"{problem} {_IN_MEMORY}")
        await database.fall_back_to_memory(migrate)


async def open_state_db(path: Path) -> StateDb:
    """Return the database, with today's tables. A file that is no sound database is set aside. Raises StateDbError."""
    async with _alone(path):
        try:
            return await _open(path)
        except StateDbDamaged as error:
            aside = await trio.to_thread.run_sync(_set_aside, path)
            _log.warning("%s; it is kept as %s and made anew from the rollout files", error, aside)
        return await _open(path)


async def _replace_damaged(database: StateDb) -> None:
    """Set aside a database that turned out to be damaged while in use, and open a new one under the same handle.

    Another process may have done so already: then its new file is opened. Raises StateDbError.
    """
    async with _alone(database.path):
        await database.aclose()
        if await trio.to_thread.run_sync(database.holds_current_file):
            aside = await trio.to_thread.run_sync(_set_aside, database.path)
            _log.warning("state database %s is damaged; it is kept as %s and made anew", database.path, aside)
        await database.open(migrate)


async def _open(path: Path | None) -> StateDb:
    database = StateDb(path)
    await database.open(migrate)
    return database


def _set_aside(path: Path) -> Path:
    """Rename the database out of the way, with the files that belong to it; the new name. Raises StateDbError."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            companion = path.with_name(path.name + suffix)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StateDbError(path, f"is damaged and cannot be set aside: {error.strerror}") from error
    return aside


@asynccontextmanager
async def _alone(path: Path) -> AsyncGenerator[None]:
    """No other process opens or replaces the file meanwhile: two that find it damaged must not both set it aside."""
    lock_path = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        close_to_others(lock)
    except OSError as error:
        raise StateDbError(path, error.strerror or str(error)) from error
    try:
        for attempt in range(1, _LOCK_ATTEMPTS + 1):
            if _try_lock(lock) or (attempt % _ATTEMPTS_BETWEEN_LOOKS == 0 and only_commands_hold(lock)):
                break
            await trio.sleep(_LOCK_POLL_SECONDS)
        else:
            raise StateDbBusy(path, "another process is opening it and does not get done")
        yield
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
