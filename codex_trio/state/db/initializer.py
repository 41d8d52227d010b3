"""Opening the state database for a server: the one place that creates, migrates or replaces the file.

Owns the file's name, when a damaged file is set aside, and telling why there is no database. Does not own what is saved
of one (salvage.py) nor what the tables are filled with (state/index).
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from codex_trio.state.db.errors import StateDbBusy, StateDbDamaged, StateDbError
from codex_trio.state.db.kept import copy_path, fill, read_copy
from codex_trio.state.db.migrations import migrate, version_of
from codex_trio.state.db.salvage import set_aside
from codex_trio.state.db.state_db import BUSY_STEPS, StateDb, Transaction
from codex_trio.util.lock_holders import only_commands_hold
from codex_trio.util.private_folder import FILE_MODE, close_to_others

_log = logging.getLogger(__name__)

_FILE_NAME = "codex_trio_1.sqlite"

_IN_MEMORY = (
    "Threads are found from their files; until it can be used again, changes to projects, sections, attachments, queues"
    " and read marks are refused."
)

RETURN_SECONDS, LONGEST_RETURN_SECONDS = 5.0, 300.0
"""After how long it is first looked whether a file can be used again, and how long that rest may become."""

LASTING_SECONDS = 60.0
"""For how long it must have been used again for its next failure to be told as news."""

_LOCK_POLL_SECONDS = 0.02
_ATTEMPTS_BETWEEN_LOOKS = 10
_LOCK_ATTEMPTS = 1000


def state_db_path(sqlite_home: Path) -> Path:
    """Return where the database is, in the folder that is configured for it."""
    return sqlite_home / _FILE_NAME


@asynccontextmanager
async def state_database(
    path: Path, *, warn: Callable[[str], None], busy_steps: int = BUSY_STEPS
) -> AsyncGenerator[StateDb]:
    """Provide the database of a server, to be watched over by `keep_database_usable`.

    One in memory takes its place when the file cannot be used; `warn` is then told, in words for the user, what that
    means, and also what could be saved of a file that is damaged.
    """
    database = StateDb(path, busy_steps=busy_steps)
    try:
        await _open_or_make(database, warn=warn)
    except StateDbError as error:
        _log.error("%s", error)
        database.problem = error.reason
        warn(f"The {error}. {_IN_MEMORY}")
        await database.fall_back_to_memory(partial(_prepare, home=path))
    try:
        yield database
    finally:
        await database.aclose()


async def keep_database_usable(
    database: StateDb, *, warn: Callable[[str], None], return_seconds: float = RETURN_SECONDS
) -> None:
    """Put another database in the place of one that fails, until cancelled. A service of `app.py`.

    A damaged file is set aside and made anew; where that is not what helps, one in memory takes its place until the
    file can be used again.
    """
    assert database.home is not None
    rest, came_back_at = return_seconds, -math.inf
    while True:
        with trio.move_on_after(math.inf if database.is_persistent else rest):
            await database.failed.wait()
        if not database.failed.is_set():
            if await _come_back(database):
                came_back_at = trio.current_time()
            else:
                rest = min(2 * rest, LONGEST_RETURN_SECONDS)
            continue
        try:
            if database.is_damaged and database.is_persistent:
                await _replace_damaged(database, warn=warn)
                continue
            problem = f"The state database {database.path} cannot be used: {database.problem}."
        except StateDbError as error:
            problem = f"The {error}."
        _log.error("%s", problem)
        if database.is_persistent:
            if trio.current_time() - came_back_at > LASTING_SECONDS:
                rest = return_seconds
                warn(f"{problem} {_IN_MEMORY}")
            else:
                # It only seemed to be usable: nobody has to be told again.
                rest = min(2 * rest, LONGEST_RETURN_SECONDS)
        await database.fall_back_to_memory(partial(_prepare, home=database.home))


async def open_state_db(
    path: Path, *, warn: Callable[[str], None] | None = None, busy_steps: int = BUSY_STEPS
) -> StateDb:
    """Return the database, with today's tables. A file that is no sound database is set aside, and `warn` is told.

    Raises StateDbError.
    """
    database = StateDb(path, busy_steps=busy_steps)
    await _open_or_make(database, warn=warn)
    return database


async def _open_or_make(database: StateDb, *, warn: Callable[[str], None] | None) -> None:
    path = database.path
    prepare = partial(_prepare, home=path)
    async with alone(path):
        try:
            await database.open(prepare)
        except StateDbDamaged as error:
            await _put_aside(path, error.reason, warn=warn)
            await database.open(prepare)


async def _replace_damaged(database: StateDb, *, warn: Callable[[str], None]) -> None:
    """Set aside a database that turned out to be damaged while in use, and open a new one under the same handle.

    Another process may have done so already: then its new file is opened. Raises StateDbError.
    """
    async with alone(database.path):
        is_current = await trio.to_thread.run_sync(database.holds_current_file)
        await database.aclose()
        if is_current:
            await _put_aside(database.path, database.problem, warn=warn)
        await database.open(partial(_prepare, home=database.path))


async def _put_aside(path: Path, problem: str, *, warn: Callable[[str], None] | None) -> None:
    told = await trio.to_thread.run_sync(set_aside, path, problem)
    _log.warning("%s", told)
    if warn is not None:
        warn(told)


async def _come_back(database: StateDb) -> bool:
    """Use the file again, if that can be done now."""
    home = database.home
    assert home is not None
    try:
        async with alone(home):
            await database.come_back(partial(_prove, home=home))
    except StateDbError as error:
        _log.debug("still %s", error)
        return False
    _log.warning("the state database %s is used again", home)
    return True


def _prepare(transaction: Transaction, path: Path, *, home: Path) -> None:
    """Bring the tables up to date; new ones get what was kept in those before them. Raises StateDbTooNew."""
    is_new = version_of(transaction) == 0
    migrate(transaction, path)
    if is_new:
        kept = read_copy(copy_path(home))
        if kept is not None:
            fill(transaction, kept)


def _prove(transaction: Transaction, path: Path, *, home: Path) -> None:
    """Find out also whether the database can be written to."""
    _prepare(transaction, path, home=home)
    transaction.script(f"PRAGMA user_version = {version_of(transaction)}")


@asynccontextmanager
async def alone(path: Path) -> AsyncGenerator[None]:
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
