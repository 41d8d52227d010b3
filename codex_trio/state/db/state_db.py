"""The state database of a process: one writer connection and some that read, each on a thread of its own.

Owns connections, transactions and waiting for other processes. Does not own tables (migrations.py), nor when the file
is opened, set aside or filled (initializer.py). Everybody who keeps something in the database is handed this one handle
and gives it functions to run: a function gets a transaction, on the connection's thread, so that one hop is all that a
transaction costs the event loop.

Another process may write too. Transactions that write take their place at once (`BEGIN IMMEDIATE`), wait in bounded
steps off the event loop, and are run again from their start when they did not get it.
"""

from __future__ import annotations

import math
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar, cast

import apsw
import trio

from codex_trio.state.db.errors import StateDbBusy, StateDbDamaged, StateDbError, StateDbInMemory
from codex_trio.util.bell import Bell
from codex_trio.util.importing import imported_on_use
from codex_trio.util.private_folder import FILE_MODE, close_to_others

with imported_on_use("asyncio"):
    # It needs that for programs that run on it, and says itself that it may come when it is used.
    import apsw.aio

READERS = 2
"""How many reads can run at a time, beside the writer."""

BUSY_STEP_MS = 500
BUSY_STEPS = 20
"""How long, and how often, a transaction waits for another process before it gives up."""

RENEWAL_SECONDS = 10.0
"""How long a call waits for another database to take the place of one that failed."""

_REPLACEMENTS = 3
"""How often: on a disk that breaks, a new file may fail as well, before a database in memory takes its place."""

_CACHE_KIB = 8192
_LOG_PAGES = 4000
"""So much of the log is moved to the database at once: pages that are written again meanwhile are moved once."""
_IN_MEMORY = ":memory:"

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")

SqlValue: TypeAlias = str | int | float | bytes | None


class Transaction:
    """What work runs its statements on; only good while that work runs, on its thread."""

    def __init__(self, connection: Any) -> None:
        # Whatever apsw gives an unknown type stays behind this class.
        self._connection = connection

    def rows(self, statement: str, *values: SqlValue) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that a statement gives, as they are asked for."""
        return iter(self._connection.execute(statement, values))

    def row(self, statement: str, *values: SqlValue) -> tuple[Any, ...] | None:
        """Return the first row that a statement gives, if there is one."""
        found: tuple[Any, ...] | None = self._connection.execute(statement, values).fetchone()
        return found

    def run(self, statement: str, *values: SqlValue) -> int:
        """Run a statement to its end; how many rows it changed."""
        for _ in self._connection.execute(statement, values):
            pass
        changed: int = self._connection.changes()
        return changed

    def run_many(self, statement: str, many: Iterable[Sequence[SqlValue]]) -> None:
        """Run a statement for each of these rows of values."""
        self._connection.executemany(statement, many)

    def script(self, statements: str) -> None:
        """Run several statements, none of which gives rows that matter."""
        self._connection.execute(statements)

    @property
    def last_id(self) -> int:
        """The id of the row that was inserted last."""
        number: int = self._connection.last_insert_rowid()
        return number


Prepare: TypeAlias = Callable[[Transaction, Path], None]
"""Makes the tables of a database, whose path is for messages."""


class _MovedError(Exception):
    """The file that is open is not the one of that name any more."""


class StateDb:
    """The database in one file. Its calls raise StateDbError; `read` and `write` may be called by any task."""

    def __init__(self, path: Path | None, *, read_only: bool = False, busy_steps: int = BUSY_STEPS) -> None:
        """Open nothing yet. `read_only` is for programs that only look: they never create or change the file.

        Another process is waited for `busy_steps` times.

        Without a path the database is in memory: for a process that cannot have the file, and must do without what
        outlives it.
        """
        self.is_persistent = path is not None
        self.home = path
        """The file that it is in, or was in until that could not be used."""
        self.path = path or Path(_IN_MEMORY)
        self.read_only = read_only
        self._busy_steps = busy_steps
        self.failed = trio.Event()
        """Set when the file turned out to be of no use; a new one once there is another in its place."""
        self.is_damaged = False
        """Whether that is because the file is no sound database, so that a new one would do."""
        self.problem = ""
        """Why it is of no use, in the database's own words."""
        self.generation = 0
        """Grows when the file is replaced: what was known of its content is not so any more."""
        self.is_behind = False
        """Whether something was kept that is in no copy yet."""
        self.kept_changed = trio.Event()
        """Set when that becomes so."""
        self._writer: apsw.AsyncConnection | None = None
        self._readers: list[apsw.AsyncConnection] = []
        self._write_lock = trio.Lock()
        self._read_slots = trio.Semaphore(READERS)
        self._inode = 0
        self._renewed = Bell()

    async def open(self, prepare: Prepare | None = None) -> None:
        """Connect. Raises StateDbError, StateDbDamaged.

        `prepare` is run in a transaction before anybody else's: whoever is given the database finds its tables there.
        """
        flags = apsw.SQLITE_OPEN_READONLY
        if not self.read_only:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            if self.is_persistent:
                await trio.to_thread.run_sync(_create_private, self.path)
        opened: list[apsw.AsyncConnection] = []
        try:
            # What is in memory belongs to one connection, which then also reads.
            for _ in range((not self.read_only) + (READERS if self.is_persistent else 0)):
                opened.append(await self._connect(flags))
                if prepare is not None and len(opened) == 1:
                    await self._run(opened[0], "BEGIN IMMEDIATE", prepare, self.path)
            inode = await trio.to_thread.run_sync(_inode_of, self.path)
        except BaseException:
            with trio.CancelScope(shield=True):
                for connection in opened:
                    await connection.aclose()
            raise
        self._writer = None if self.read_only else opened.pop(0)
        self._readers = opened
        self._inode = inode
        self._begin_anew()

    async def aclose(self) -> None:
        """Disconnect; wait for transactions that run. Safe to call twice."""
        with trio.CancelScope(shield=True):
            async with self._write_lock:
                writer, self._writer = self._writer, None
                if writer is not None:
                    await writer.aclose()
            for _ in range(READERS):
                await self._read_slots.acquire()
            readers, self._readers = self._readers, []
            self._inode = 0
            for reader in readers:
                await reader.aclose()
            for _ in range(READERS):
                self._read_slots.release()

    async def fall_back_to_memory(self, prepare: Prepare) -> None:
        """Go on in memory, with nothing in it but what `prepare` makes. Raises StateDbError."""
        await self.aclose()
        self.is_persistent = False
        self.path = Path(_IN_MEMORY)
        await self.open(prepare)

    async def come_back(self, prepare: Prepare) -> None:
        """Go on in the file again that could not be used, if that can be written to now. Raises StateDbError."""
        assert self.home is not None
        other = StateDb(self.home, busy_steps=self._busy_steps)
        await other.open(prepare)
        with trio.CancelScope(shield=True):
            await self.aclose()
        self.path, self.is_persistent = self.home, True
        self._writer, self._readers, self._inode = other._writer, other._readers, other._inode
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.failed, self.is_damaged = trio.Event(), False
        self.generation += 1
        self._renewed.ring()

    async def retrying_on_replacement(self, call: Callable[[], Awaitable[_Result]]) -> _Result:
        """Return what `call` gives; when the database fails it, again with the one that takes its place.

        Raises StateDbError when none does for a while, or those fail as well, and what `call` raises.
        """
        for _ in range(_REPLACEMENTS):
            generation = self.generation
            try:
                return await call()
            except StateDbInMemory:
                raise
            except StateDbError:
                with trio.move_on_after(RENEWAL_SECONDS) as waiting:
                    while self.generation == generation:
                        await self._renewed.wait()
                if waiting.cancelled_caught:
                    break
        return await call()

    def holds_current_file(self) -> bool:
        """Return whether the file of that name is the one that was opened. Blocking."""
        return _inode_of(self.path) == self._inode

    async def write(
        self,
        work: Callable[Concatenate[Transaction, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Run `work(transaction, ...)` in a transaction, which counts as a whole once this returns.

        It may be run more than once, so it must change nothing but the database. Keep it short: every other writer,
        those of other processes included, waits for it. Cancelled, it has happened wholly or not at all.
        Raises StateDbBusy, StateDbDamaged, StateDbError, and what `work` raises, with nothing changed.
        """
        async with self._write_lock:
            return await self._run(self._writer, "BEGIN IMMEDIATE", work, *args, **kwargs)

    async def keep(self, work: Callable[[Transaction], _Result]) -> _Result:
        """Write what exists nowhere else: refused in memory, where it would be lost with this process.

        Raises StateDbInMemory, and as `write`.
        """
        self.check_keeps()
        result = await self.write(work)
        self.note_change()
        return result

    def check_keeps(self) -> None:
        """Raise StateDbInMemory when what is written now would be lost with this process."""
        if not self.is_persistent:
            raise StateDbInMemory(self.home or self.path, f"cannot be used now, so nothing is kept: {self.problem}")

    def note_change(self) -> None:
        """Note that what is kept has changed, and is to be copied."""
        self.is_behind = True
        self.kept_changed.set()

    def note_copying(self) -> None:
        """Note that what is kept is copied as it is now, or later."""
        self.is_behind = False
        self.kept_changed = trio.Event()

    async def read(
        self,
        work: Callable[Concatenate[Transaction, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        """Run `work(transaction, ...)`, which sees one moment of the database throughout.

        Raises StateDbBusy, StateDbDamaged, StateDbError, and what `work` raises.
        """
        if not self.is_persistent:
            return await self.write(work, *args, **kwargs)
        async with self._read_slots:
            reader = self._readers.pop() if self._readers else None
            try:
                return await self._run(reader, "BEGIN", work, *args, **kwargs)
            finally:
                if reader is not None:
                    self._readers.append(reader)

    async def _run(
        self,
        connection: apsw.AsyncConnection | None,
        begin: str,
        work: Callable[Concatenate[Transaction, _Args], _Result],
        *args: _Args.args,
        **kwargs: _Args.kwargs,
    ) -> _Result:
        if connection is None:
            raise StateDbError(self.path, "is not open")
        # On its own thread, a connection for async use is an ordinary one.
        plain: Any = connection

        def transact() -> _Result:
            plain.execute(begin)
            try:
                # Under the lock that whoever sets the file aside has held until then.
                if is_file and _inode_of(self.path) != self._inode:
                    raise _MovedError
                result = work(Transaction(plain), *args, **kwargs)
                plain.execute("COMMIT")
            except BaseException:
                if plain.in_transaction:
                    plain.execute("ROLLBACK")
                raise
            return result

        run = _runner(connection)
        is_file = self.is_persistent and self._inode != 0

        for _ in range(self._busy_steps):
            try:
                # Trio's deadlines already end the wait; a second clock would end it with another exception.
                with _set(apsw.aio.deadline, math.inf):
                    return cast("_Result", await run(transact))
            except (apsw.BusyError, apsw.LockedError):
                continue
            except _MovedError:
                self.is_damaged = True
                raise self._of_no_use(StateDbDamaged(self.path, "another file has taken its place")) from None
            except apsw.Error as error:
                raise self._failure(error) from error
        raise self._of_no_use(StateDbBusy(self.path, "another process keeps it locked"))

    async def _connect(self, flags: int) -> apsw.AsyncConnection:
        connection = await self._new_connection(flags)
        run = _runner(connection)
        try:
            for _ in range(self._busy_steps):
                try:
                    await run(_configure, connection, read_only=self.read_only)
                except (apsw.BusyError, apsw.LockedError):
                    # Another process is making the file, or is the last to leave it: SQLite itself does not wait then.
                    await trio.sleep(BUSY_STEP_MS / 1000)
                except apsw.Error as error:
                    raise self._failure(error) from error
                else:
                    return connection
            raise StateDbBusy(self.path, "another process keeps it locked")
        except BaseException:
            with trio.CancelScope(shield=True):
                await connection.aclose()
            raise

    async def _new_connection(self, flags: int) -> apsw.AsyncConnection:
        # Cancelled within, nobody would have the connection to end its thread by, and the process would never exit.
        with trio.CancelScope(shield=True):
            try:
                with _set(apsw.async_controller, apsw.aio.Trio):
                    return await apsw.Connection.as_async(str(self.path), flags)
            except apsw.Error as error:
                raise self._failure(error) from error
        raise AssertionError("a scope that nobody cancels ends its block")

    def _failure(self, error: apsw.Error) -> StateDbError:
        reason = str(error) or type(error).__name__
        if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
            self.is_damaged = True
            return self._of_no_use(StateDbDamaged(self.path, reason))
        if isinstance(error, (apsw.SQLError, apsw.ConstraintError, apsw.MisuseError)):
            return StateDbError(self.path, reason)
        # Not the statement's fault: a full disk, a file that cannot be read, ...
        return self._of_no_use(StateDbError(self.path, reason))

    def _of_no_use(self, error: StateDbError) -> StateDbError:
        if not self.failed.is_set():
            self.problem = error.reason
            self.failed.set()
        return error


@asynccontextmanager
async def open_read_only(path: Path) -> AsyncGenerator[StateDb]:
    """Provide the database for a program that only looks at what is there. Raises StateDbError when there is none."""
    database = StateDb(path, read_only=True)
    await database.open()
    try:
        yield database
    finally:
        await database.aclose()


def _runner(connection: apsw.AsyncConnection) -> Callable[..., Awaitable[Any]]:
    """Return what runs a function on the connection's thread."""
    untyped: Any = connection
    runner: Callable[..., Awaitable[Any]] = untyped.async_run
    return runner


@contextmanager
def _set(variable: ContextVar[Any], value: Any) -> Generator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _configure(connection: Any, *, read_only: bool) -> None:
    connection.set_busy_timeout(BUSY_STEP_MS)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    if read_only:
        connection.execute("PRAGMA query_only = 1")
        return
    # A crash of the machine may lose the last transactions but never the database.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")


def _create_private(path: Path) -> None:
    """Make the file, for its owner alone, if it is not there: SQLite gives its other files the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        for suffix in ("", "-wal", "-shm"):
            close_to_others(path.with_name(path.name + suffix))
    except OSError as error:
        raise StateDbError(path, error.strerror or str(error)) from error


def _inode_of(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
