"""Databases of earlier releases: they are brought up to date, and what is in them stays."""

from pathlib import Path

import pytest

from codex_trio.state.db import migrations
from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.db.state_db import StateDb, Transaction
from codex_trio.state.local.retrying_db import RetryingDb
from codex_trio.state.local.sections import LocalSections
from codex_trio.state.store.sections import PINNED

RELEASED = (1, 2, 3, 4, 5, 6)
"""How many steps databases out there have taken."""


def tables(transaction: Transaction) -> set[str]:
    return {name for (name,) in transaction.rows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')")}


async def made_by(path: Path, steps: int) -> None:
    """Make the database of a release that knew so many steps, with something in it."""

    def make(transaction: Transaction, _path: Path) -> None:
        for step in migrations.STEPS[:steps]:
            transaction.script(step)
        transaction.script(f"PRAGMA user_version = {steps}")
        transaction.run("INSERT INTO read_states VALUES ('a', 't', 'r')")
        transaction.run("INSERT INTO spawn_edges VALUES ('b', 'a', 'open')")

    database = StateDb(path)
    await database.open(make)
    await database.aclose()


@pytest.mark.parametrize("steps", RELEASED)
async def test_a_database_of_an_earlier_release_gets_todays_tables_and_keeps_its_rows(
    tmp_path: Path, steps: int
) -> None:
    await made_by(tmp_path / "old.sqlite", steps)
    new = await open_state_db(tmp_path / "new.sqlite")
    today = await new.read(tables)
    await new.aclose()
    # Once to bring it up to date, and once as it is then.
    for _ in range(2):
        database = await open_state_db(tmp_path / "old.sqlite")
        assert await database.read(tables) == today
        rows = await database.read(lambda transaction: [*transaction.rows("SELECT * FROM read_states")])
        assert rows == [("a", "t", "r")]
        edges = await database.read(lambda transaction: [*transaction.rows("SELECT * FROM spawn_edges")])
        assert edges == [("b", "a", "open")]
        sections = await LocalSections(RetryingDb(database)).list(cursor=None, limit=None)
        assert [*sections.sections] == [PINNED]
        await database.aclose()
