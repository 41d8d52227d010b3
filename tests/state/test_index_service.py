"""The index's background work: done once for all that share a home, and taken over from who died."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.domain.ids import uuid7
from codex_trio.server.idle import Idle
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.local.index import lock, service
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.lock import IndexLock
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.index.service import IndexService
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.interface import ThreadQuery

NOW_MS = 1_795_350_000_500
FILES = 150


@pytest.fixture
async def database(tmp_path: Path):
    paths = RolloutPaths(tmp_path)
    for number in range(FILES):
        thread_id = uuid7()
        meta = {"id": thread_id, "timestamp": format_timestamp(NOW_MS), "cwd": "/", "source": "cli"}
        path = paths.new_path(thread_id, created_ms=NOW_MS + number * 1000)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"timestamp": "t", "ordinal": 0, "type": "session_meta", "payload": meta}) + "\n")
    opened = await open_state_db(state_db_path(tmp_path))
    yield opened
    await opened.aclose()


def service_of(home: Path, database: StateDb, *, idle: Idle | None = None) -> IndexService:
    index = RolloutIndex(database, codex_home=home, paths=RolloutPaths(home), names=ThreadNames(home))
    return IndexService(index, ThreadTextIndex(index, database), database, quiet=(idle or Idle()).quiet)


async def read_files(database: StateDb) -> int:
    row = await database.read(lambda tx: tx.row("SELECT count(*) FROM rollouts WHERE is_read"))
    assert row is not None
    return row[0]


async def until_read(database: StateDb, count: int) -> None:
    for _ in range(2000):
        if await read_files(database) == count:
            return
        await trio.sleep(0.01)
    raise AssertionError(f"{await read_files(database)} of {count} files were read")


async def until_free(held: IndexLock) -> None:
    """Wait until nobody looks after the index."""
    for _ in range(2000):
        if held.take():
            held.give_back()
            return
        await trio.sleep(0.01)
    raise AssertionError("the index is looked after for ever")


async def test_everything_is_read_without_being_asked_for(
    tmp_path: Path, database: StateDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HEAD_START_SECONDS", 0.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service_of(tmp_path, database).run)
        await until_read(database, FILES)
        nursery.cancel_scope.cancel()
    other = IndexLock(database.path)
    assert other.take()
    other.give_back()


async def test_nothing_is_read_in_the_background_while_a_client_asks(
    tmp_path: Path, database: StateDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(service, "LONGEST_REST_SECONDS", 3600.0)
    idle = Idle()
    idle.began()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service_of(tmp_path, database, idle=idle).run)
        await trio.sleep(0.3)
        assert await read_files(database) == 0
        idle.ended()
        await until_read(database, FILES)
        nursery.cancel_scope.cancel()


async def test_a_second_server_leaves_it_to_the_first_and_takes_over_when_that_one_is_killed(
    tmp_path: Path, database: StateDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(service, "POLL_SECONDS", 0.02)
    with holder_of(tmp_path) as other:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service_of(tmp_path, database).run)
            await trio.sleep(0.2)
            assert await read_files(database) == 0
            other.kill()
            await until_read(database, FILES)
            nursery.cancel_scope.cancel()


@contextmanager
def holder_of(home: Path) -> Generator[subprocess.Popen[str]]:
    """Provide another process that is looking after the index, and does not get on."""
    script = (
        "import pathlib, sys; from codex_trio.state.local.index.lock import IndexLock;"
        "lock = IndexLock(pathlib.Path(sys.argv[1])); print(lock.take(), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(state_db_path(home))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process
        finally:
            process.kill()


def test_one_holds_the_lock_of_an_index_until_it_gives_it_back(tmp_path: Path) -> None:
    one, two, elsewhere = IndexLock(tmp_path / "a"), IndexLock(tmp_path / "a"), IndexLock(tmp_path / "b")
    assert one.take()
    assert one.take()
    assert not two.take()
    assert elsewhere.take()
    two.give_back()
    assert not two.take()
    one.give_back()
    assert two.take()
    assert not one.take()
    two.give_back()
    elsewhere.give_back()


def test_a_lock_that_only_commands_hold_or_that_cannot_be_had_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, server = IndexLock(tmp_path / "a"), IndexLock(tmp_path / "a")
    assert command.take()
    monkeypatch.setattr(lock, "only_commands_hold", lambda _: True)
    assert server.take()
    command.give_back()
    assert IndexLock(tmp_path / "missing" / "a").take()
    assert IndexLock(None).take()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.index.lock"]


async def test_that_another_server_takes_long_is_said_once(
    tmp_path: Path,
    database: StateDb,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(service, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(service, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(service, "POLL_SECONDS", 0.02)
    other = IndexLock(database.path)
    assert other.take()

    def told() -> list[str]:
        return [record.levelname for record in caplog.records if "another server" in record.message]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(service_of(tmp_path, database).run)
        for _ in range(3000):
            if told():
                break
            await trio.sleep(0.01)
        await trio.sleep(0.2)
        nursery.cancel_scope.cancel()
    other.give_back()
    assert told() == ["WARNING"]


async def test_an_index_that_nobody_uses_is_left_alone(
    tmp_path: Path, database: StateDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(service, "ROUND_SECONDS", 0.0)
    index = RolloutIndex(database, codex_home=tmp_path, paths=RolloutPaths(tmp_path), names=ThreadNames(tmp_path))
    text = ThreadTextIndex(index, database)
    at_work = trio.Event()

    async def quiet(_seconds: float) -> None:
        at_work.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(IndexService(index, text, database, quiet=quiet).run)
        await until_read(database, FILES)
        await until_free(IndexLock(database.path))
        at_work = trio.Event()
        await trio.testing.wait_all_tasks_blocked(0.2)
        assert not at_work.is_set()
        await index.page(ThreadQuery(), is_loaded=lambda _: False)
        with trio.fail_after(10):
            await at_work.wait()
        nursery.cancel_scope.cancel()
