"""What the state database holds that exists nowhere else, whatever becomes of its file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import trio

from codex_trio.state.db.copying import copy_what_is_kept
from codex_trio.state.db.errors import StateDbError, StateDbInMemory
from codex_trio.state.db.initializer import keep_database_usable, open_state_db, state_database, state_db_path
from codex_trio.state.db.kept import copy_path
from codex_trio.state.db.state_db import StateDb, Transaction

PAGE = 4096
COUNT = 200
VICTIM = "thread-00100"
READ_STATE = "INSERT OR REPLACE INTO read_states VALUES (?, ?, ?)"
ATTACHMENT = "INSERT INTO attachments VALUES (?, ?, 'note', 'key', ?, 1)"
GOAL = "INSERT INTO goals VALUES (?, 'g', ?, 'active', NULL, 1, 1, 1, 1, 1, 0)"
MARK = "INSERT INTO marks VALUES (?, ?)"


def ids() -> list[str]:
    return [f"thread-{number:05}" for number in range(COUNT)]


def put_much(transaction: Transaction) -> None:
    """Have each table of some that are kept, and one that is not, fill many pages."""
    transaction.run("INSERT INTO projects VALUES ('p1', 'One', '[\"/a\"]', '{}', 0, 1, 1)")
    for thread_id in ids():
        transaction.run("INSERT INTO thread_projects VALUES (?, 'p1')", thread_id)
        transaction.run(READ_STATE, thread_id, None, f"revision of {thread_id} " + "r" * 200)
        transaction.run(ATTACHMENT, f"a-{thread_id}", thread_id, f'{{"of": "{thread_id}", "x": "{"y" * 200}"}}')
        transaction.run(GOAL, thread_id, f"goal of {thread_id} " + "g" * 200)
        transaction.run(MARK, f"mark of {thread_id}", "m" * 200)


def kept(transaction: Transaction) -> dict[str, dict[str, tuple[object, ...]]]:
    tables = ("projects", "thread_projects", "read_states", "goals")
    found = {table: {row[0]: row for row in transaction.rows(f"SELECT * FROM {table}")} for table in tables}
    rows = transaction.rows("SELECT thread_id, id, payload FROM attachments")
    return {**found, "attachments": {row[0]: row for row in rows}}


def tear(path: Path, words: str) -> None:
    """Overwrite the second half of every page that has those words, as a write that was cut short may."""
    data = bytearray(path.read_bytes())
    pages = [start for start in range(0, len(data), PAGE) if words.encode() in data[start : start + PAGE]]
    assert pages
    for start in pages:
        data[start : start + 16] = b"\xff" * 16
        data[start + PAGE // 2 : start + PAGE] = b"\xff" * (PAGE // 2)
    path.write_bytes(data)


def set_aside_in(folder: Path) -> Path:
    """Return the one database that was set aside there."""
    [aside] = [path for path in folder.glob("*.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    return aside


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // PAGE * PAGE])


def zero_the_beginning(path: Path) -> None:
    path.write_bytes(bytes(PAGE) + path.read_bytes()[PAGE:])


def zero_the_header(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


async def made(path: Path, *, copied: bool) -> dict[str, dict[str, tuple[object, ...]]]:
    """Fill a database and close it; what it keeps."""
    database = await open_state_db(path)
    await database.keep(put_much)
    if copied:
        assert await copy_what_is_kept(database)
    found = await database.read(kept)
    await database.aclose()
    return found


def read_everything(transaction: Transaction) -> None:
    for (table,) in [*transaction.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]:
        if not table.startswith("text_"):
            for _ in transaction.rows(f"SELECT * FROM {table}"):
                pass


async def after_use(path: Path) -> tuple[dict[str, dict[str, tuple[object, ...]]], list[str]]:
    """Open a database that may be damaged, and meet all that is; what it keeps then, and what was told."""
    told: list[str] = []
    with trio.fail_after(60):
        async with state_database(path, warn=told.append) as database, trio.open_nursery() as nursery:
            nursery.start_soon(partial(keep_database_usable, database, warn=told.append))
            await database.retrying_on_replacement(partial(database.read, read_everything))
            found = await database.retrying_on_replacement(partial(database.read, kept))
            assert database.is_persistent
            nursery.cancel_scope.cancel()
    return found, told


async def test_a_torn_page_of_the_index_costs_nothing_that_is_kept(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=False)
    tear(path, f"mark of {VICTIM}")
    found, told = await after_use(path)
    assert found == before
    aside = set_aside_in(tmp_path)
    [text] = told
    assert str(aside) in text
    assert f"1 projects, {COUNT} threads in projects, {COUNT} attachments, {COUNT} goals, {COUNT} read states" in text
    assert "missing" not in text


@pytest.mark.parametrize(
    ("words", "table", "told_as"),
    [
        (f"revision of {VICTIM}", "read_states", "read states"),
        (f'"of": "{VICTIM}"', "attachments", "attachments"),
        (f"goal of {VICTIM}", "goals", "goals"),
    ],
)
async def test_of_a_table_with_a_torn_page_all_other_rows_are_saved_and_the_rest_is_told(
    tmp_path: Path, words: str, table: str, told_as: str
) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=False)
    tear(path, words)
    found, [text] = await after_use(path)
    assert {name: rows for name, rows in found.items() if name != table} == {
        name: rows for name, rows in before.items() if name != table
    }
    lost = before[table].keys() - found[table].keys()
    assert VICTIM in lost
    assert len(lost) < 40, "what is on one page"
    assert all(before[table][key] == row for key, row in found[table].items())
    assert f"may be missing: {told_as}." in text


@pytest.mark.parametrize(
    "spoil",
    [
        partial(tear, words=f"revision of {VICTIM}"),
        partial(tear, words=f'"of": "{VICTIM}"'),
        truncate,
        zero_the_beginning,
        zero_the_header,
    ],
)
async def test_with_a_copy_nothing_is_lost_however_the_file_is_damaged(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=True)
    spoil(path)
    found, [text] = await after_use(path)
    assert found == before
    aside = set_aside_in(tmp_path)
    assert str(aside) in text
    # What was saved is there for the next time as well.
    assert await after_use(path) == (before, [])


async def test_what_can_be_read_counts_more_than_the_copy(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    await made(path, copied=True)
    database = await open_state_db(path)

    def change(transaction: Transaction) -> None:
        transaction.run("DELETE FROM thread_projects WHERE thread_id = ?", VICTIM)
        transaction.run(READ_STATE, "thread-00001", "", "newer")
        transaction.run(READ_STATE, "thread-00199", "", "newer")

    await database.keep(change)
    before = await database.read(kept)
    await database.aclose()
    tear(path, f"revision of {VICTIM}")
    found, _ = await after_use(path)
    assert found == before


async def test_a_row_that_makes_no_sense_is_replaced_by_the_copy_of_it(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=True)
    data = path.read_bytes()
    place = data.index(f'{{"of": "{VICTIM}"'.encode())
    path.write_bytes(data[:place] + b"\xfe\xfe" + data[place + 2 :])
    tear(path, f"mark of {VICTIM}")
    found, _ = await after_use(path)
    assert found == before


async def test_a_database_that_is_gone_is_made_with_what_was_kept(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=True)
    path.unlink()
    assert await after_use(path) == (before, [])


async def test_a_copy_that_cannot_be_read_does_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=True)
    copy = copy_path(path)
    copy.write_bytes(copy.read_bytes()[:1000])
    assert (await after_use(path))[0] == before
    path.unlink()
    assert (await after_use(path))[0]["projects"] == {}


async def test_only_the_owner_can_read_the_copy(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    await made(path, copied=True)
    copy = copy_path(path)
    assert copy.stat().st_mode & 0o777 == 0o600


async def test_a_file_that_another_process_set_aside_is_not_written_to_any_more(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    await made(path, copied=False)
    told: list[str] = []
    with trio.fail_after(60):
        async with state_database(path, warn=told.append) as other, trio.open_nursery() as nursery:
            nursery.start_soon(partial(keep_database_usable, other, warn=told.append))
            await other.read(lambda transaction: transaction.row("SELECT 1 FROM projects"))
            tear(path, f"mark of {VICTIM}")
            before, told_first = await after_use(path)
            put = "INSERT INTO projects VALUES ('p2', 'Two', '[]', '{}', 1, 1, 1)"
            await other.retrying_on_replacement(partial(other.keep, lambda transaction: transaction.run(put)))
            nursery.cancel_scope.cancel()
    assert len(told_first) == 1
    assert told == []
    found, _ = await after_use(path)
    assert found["projects"].keys() == {"p1", "p2"}
    assert found["read_states"] == before["read_states"]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_without_the_file_what_was_kept_is_shown_but_nothing_new_is_taken(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    before = await made(path, copied=True)
    real = tmp_path / "away"
    path.rename(real)
    path.mkdir()
    told: list[str] = []
    put = "INSERT INTO projects VALUES ('p2', 'Two', '[]', '{}', 1, 1, 1)"
    with trio.fail_after(60):
        async with state_database(path, warn=told.append) as database, trio.open_nursery() as nursery:
            nursery.start_soon(partial(keep_database_usable, database, warn=told.append, return_seconds=0.01))
            assert await database.retrying_on_replacement(partial(database.read, kept)) == before
            with pytest.raises(StateDbInMemory, match=str(path)):
                await database.retrying_on_replacement(partial(database.keep, lambda transaction: transaction.run(put)))
            path.rmdir()
            real.rename(path)
            await comes_back(database)
            await database.retrying_on_replacement(partial(database.keep, lambda transaction: transaction.run(put)))
            nursery.cancel_scope.cancel()
    assert len(told) == 1
    assert (await after_use(path))[0]["projects"].keys() == {"p1", "p2"}


async def comes_back(database: StateDb) -> None:
    while True:
        try:
            database.check_keeps()
        except StateDbError:
            await trio.sleep(0.01)
        else:
            return
