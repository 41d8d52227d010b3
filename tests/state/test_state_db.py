"""The state database of a process: opening, transactions, other processes, files that are no database."""

import os
import subprocess
import sys
import textwrap
import threading
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from codex_trio.state.db.errors import StateDbBusy, StateDbDamaged, StateDbError, StateDbTooNew
from codex_trio.state.db.initializer import keep_database_usable, open_state_db, state_database, state_db_path
from codex_trio.state.db.state_db import StateDb, Transaction, open_read_only

MARK = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

# Another process that has the database to itself until its standard input ends.
HOLDER = """
import sys, apsw
db = apsw.Connection(sys.argv[1])
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
db.execute("COMMIT")
"""

WRITER = """
import sys, trio
from pathlib import Path
from codex_trio.state.db.initializer import open_state_db

async def main():
    database = await open_state_db(Path(sys.argv[1]))
    for number in range(int(sys.argv[2])):
        await database.write(lambda tx: tx.run(
            "UPDATE marks SET value = CAST(value AS INTEGER) + 1 WHERE name = 'count'"))
    await database.aclose()

trio.run(main)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return state_db_path(tmp_path)


@pytest.fixture
async def database(path: Path):
    opened = await open_state_db(path)
    yield opened
    await opened.aclose()


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    environment = {"HOME": "/nonexistent", "PATH": os.defpath}
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def never(_warning: str) -> None:
    raise AssertionError("nobody has to be warned")


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def replaced(database: StateDb, generation: int) -> None:
    for _ in range(1000):
        if database.generation != generation:
            return
        await trio.sleep(0.01)


def spoil(path: Path) -> None:
    """Overwrite the rows that were written last; the tables' own description stays sound."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size - size // 2))


def value_of(transaction: Transaction, name: str) -> str | None:
    row = transaction.row("SELECT value FROM marks WHERE name = ?", name)
    return None if row is None else row[0]


async def test_only_the_owner_can_read_the_files(path: Path, database: StateDb) -> None:
    await database.write(lambda tx: tx.run(MARK, "a", "1"))
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert {path.name, f"{path.name}-wal"} <= modes.keys()


async def test_a_transaction_counts_as_a_whole_or_not_at_all(database: StateDb) -> None:
    def fails(transaction: Transaction) -> None:
        transaction.run(MARK, "a", "changed")
        raise KeyError("no")

    await database.write(lambda tx: tx.run(MARK, "a", "kept"))
    with pytest.raises(KeyError):
        await database.write(fails)
    assert await database.read(value_of, "a") == "kept"


async def test_a_read_sees_one_moment_while_others_write(database: StateDb) -> None:
    began, written = trio.Event(), trio.Event()
    seen: list[str | None] = []

    def twice(transaction: Transaction) -> None:
        seen.append(value_of(transaction, "a"))
        trio.from_thread.run_sync(began.set, trio_token=token)
        trio.from_thread.run(written.wait, trio_token=token)
        seen.append(value_of(transaction, "a"))

    token = trio.lowlevel.current_trio_token()
    await database.write(lambda tx: tx.run(MARK, "a", "before"))
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.read, twice)
            await began.wait()
            await database.write(lambda tx: tx.run(MARK, "a", "after"))
            assert await database.read(value_of, "a") == "after"
            written.set()
    assert seen == ["before", "before"]


async def test_a_cancelled_transaction_leaves_the_connection_good_for_the_next(database: StateDb) -> None:
    def endless(transaction: Transaction) -> None:
        transaction.run(MARK, "a", "never")
        transaction.row("WITH RECURSIVE n (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")

    with trio.move_on_after(0.05):
        await database.write(endless)
    with trio.fail_after(10):
        await database.write(lambda tx: tx.run(MARK, "b", "1"))
        assert await database.read(value_of, "a") is None


async def test_a_writer_waits_for_another_process(path: Path, database: StateDb) -> None:
    with python(HOLDER, path) as holder:
        assert holder.stdout is not None
        assert await trio.to_thread.run_sync(holder.stdout.readline) == "locked\n"
        done = trio.Event()

        async def write() -> None:
            await database.write(lambda tx: tx.run(MARK, "a", "written"))
            done.set()

        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(write)
                # Reading goes on meanwhile.
                assert await database.read(value_of, "a") is None
                assert not done.is_set()
                assert holder.stdin is not None
                holder.stdin.close()
        assert await database.read(value_of, "a") == "written"
        assert await trio.to_thread.run_sync(holder.wait) == 0


async def test_waiting_for_another_process_is_bounded(path: Path) -> None:
    async with state_database(path, warn=never, busy_steps=1) as database:
        await write_while_it_is_locked(path, database)


async def write_while_it_is_locked(path: Path, database: StateDb) -> None:
    with python(HOLDER, path) as holder:
        assert holder.stdout is not None
        assert await trio.to_thread.run_sync(holder.stdout.readline) == "locked\n"
        with trio.fail_after(30), pytest.raises(StateDbBusy, match="another process keeps it locked"):
            await database.write(lambda tx: tx.run(MARK, "a", "1"))
        holder.communicate()


async def test_processes_that_open_and_write_at_once_lose_nothing(path: Path) -> None:
    first = await open_state_db(path)
    await first.write(lambda tx: tx.run(MARK, "count", "0"))
    await first.aclose()
    writers = [python(WRITER, path, 100) for _ in range(3)]
    for writer in writers:
        _, complaints = await trio.to_thread.run_sync(writer.communicate)
        assert (writer.returncode, complaints) == (0, "")
    async with open_read_only(path) as database:
        assert await database.read(value_of, "count") == "300"


async def test_processes_that_make_the_file_together_all_get_it(path: Path) -> None:
    writers = [python(WRITER, path, 1) for _ in range(4)]
    for writer in writers:
        _, complaints = await trio.to_thread.run_sync(writer.communicate)
        assert (writer.returncode, complaints) == (0, "")


async def test_a_file_that_is_no_database_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, b"this is no database, whatever its name says" * 100)
    database = await open_state_db(path)
    await database.write(lambda tx: tx.run(MARK, "a", "1"))
    await database.aclose()
    [aside] = path.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"this is no database")
    assert str(aside) in caplog.text


async def test_a_database_that_breaks_in_use_is_replaced_under_the_same_handle(path: Path) -> None:
    async with state_database(path, warn=never) as database:
        await database.write(lambda tx: tx.run_many(MARK, [(f"{number:05}", "x" * 200) for number in range(3000)]))
    spoil(path)
    told: list[str] = []
    async with state_database(path, warn=never) as database, trio.open_nursery() as nursery:
        nursery.start_soon(partial(keep_database_usable, database, warn=told.append))
        before = database.generation
        with pytest.raises(StateDbDamaged):
            await database.read(lambda tx: list(tx.rows("SELECT * FROM marks")))
        with trio.fail_after(10):
            await replaced(database, before)
        await database.write(lambda tx: tx.run(MARK, "a", "1"))
        assert await database.read(value_of, "a") == "1"
        nursery.cancel_scope.cancel()
    [text] = told
    aside = next(name for name in text.split() if ".damaged-" in name)
    assert path.with_name(Path(aside).name) in {*path.parent.iterdir()}


async def test_a_server_whose_database_cannot_be_opened_says_so_and_has_one_in_memory(tmp_path: Path) -> None:
    write(tmp_path / "file", b"")
    told: list[str] = []
    async with state_database(tmp_path / "file" / "codex_trio_1.sqlite", warn=told.append) as database:
        await database.write(lambda tx: tx.run(MARK, "a", "1"))
        assert await database.read(value_of, "a") == "1"
        assert not database.is_persistent
    assert len(told) == 1
    assert str(tmp_path) in told[0]


async def test_a_database_that_stays_locked_is_done_without(path: Path) -> None:
    told: list[str] = []
    async with state_database(path, warn=never, busy_steps=1) as database, trio.open_nursery() as nursery:
        nursery.start_soon(partial(keep_database_usable, database, warn=told.append))
        with python(HOLDER, path) as holder:
            assert holder.stdout is not None
            assert await trio.to_thread.run_sync(holder.stdout.readline) == "locked\n"
            with trio.fail_after(30):
                await database.retrying_on_replacement(partial(database.write, lambda tx: tx.run(MARK, "a", "1")))
                assert await database.read(value_of, "a") == "1"
            holder.communicate()
        assert not database.is_persistent
        assert [str(path) in text for text in told] == [True]
        nursery.cancel_scope.cancel()


async def test_whoever_asks_while_a_database_takes_the_place_of_a_failed_one_finds_its_tables(path: Path) -> None:
    told: list[str] = []
    reasons: set[str] = set()

    async def ask(database: StateDb) -> None:
        while True:
            try:
                await database.read(value_of, "a")
            except StateDbError as error:
                reasons.add(error.reason)
            await trio.lowlevel.checkpoint()

    async with state_database(path, warn=never) as database, trio.open_nursery() as nursery:
        nursery.start_soon(partial(keep_database_usable, database, warn=told.append))
        for _ in range(4):
            nursery.start_soon(ask, database)
        with trio.fail_after(30):
            for generation in range(2, 12):
                database.failed.set()
                while database.generation < generation:  # renewed behind our back
                    await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert len(told) == 1
    assert reasons <= {"is not open"}


async def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "codex_trio_1.sqlite"
    with pytest.raises(StateDbError, match=str(path)):
        await open_state_db(path)
    folder = tmp_path / "codex_trio_1.sqlite"
    folder.mkdir()
    with pytest.raises(StateDbError, match=str(folder)):
        await open_state_db(folder)


async def test_tables_of_a_later_release_are_left_alone(path: Path, database: StateDb) -> None:
    await database.write(lambda tx: tx.script("PRAGMA user_version = 999"))
    with pytest.raises(StateDbTooNew, match="later release"):
        await open_state_db(path)
    assert [*path.parent.glob("*.damaged-*")] == []


async def test_a_helper_that_only_reads_neither_makes_nor_changes_the_file(path: Path) -> None:
    with pytest.raises(StateDbError):
        async with open_read_only(path):
            pass
    assert [*path.parent.iterdir()] == []
    database = await open_state_db(path)
    async with open_read_only(path) as reader:
        await database.write(lambda tx: tx.run(MARK, "a", "1"))
        assert await reader.read(value_of, "a") == "1"
        with pytest.raises(StateDbError, match="not open"):
            await reader.write(lambda tx: tx.run(MARK, "a", "2"))
        with pytest.raises(StateDbError):
            await reader.read(lambda tx: tx.run(MARK, "a", "2"))
    await database.aclose()


async def test_an_opening_that_is_cancelled_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with trio.CancelScope() as cancelled:
        cancelled.cancel()
        await StateDb(None).open()
    assert cancelled.cancelled_caught
    with trio.fail_after(10):
        while threading.active_count() > before:  # noqa: ASYNC110  # threads do not tell when they end
            await trio.sleep(0.01)
