"""The index's background work: done once for all that share a home, and taken over from who died."""

import json
import math
import subprocess
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.domain.ids import uuid7
from codex_trio.server.idle import Idle
from codex_trio.state.db.initializer import open_state_db, state_db_path
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.local.index.index import RolloutIndex
from codex_trio.state.local.index.lock import IndexLock
from codex_trio.state.local.index.search import ThreadTextIndex
from codex_trio.state.local.index.service import IndexPace, IndexService
from codex_trio.state.local.names import ThreadNames
from codex_trio.state.rollout.lines import format_timestamp
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.store.interface import ThreadQuery

NOW_MS = 1_795_350_000_500
FILES = 150
PATIENCE = 30.0


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


class WatchedLock(IndexLock):
    """Tells of every try to take it in the background, and of every time it is given back there."""

    def __init__(self, database: Path) -> None:
        super().__init__(database)
        self._tell, self._told = trio.open_memory_channel[str](math.inf)

    def take(self) -> bool:
        is_taken = super().take()
        trio.from_thread.run_sync(self._tell.send_nowait, "taken" if is_taken else "refused")
        return is_taken

    def give_back(self) -> None:
        super().give_back()
        trio.from_thread.run_sync(self._tell.send_nowait, "given back")

    async def until(self, what: str) -> None:
        with trio.fail_after(PATIENCE):
            while await self._told.receive() != what:
                pass


class Bench:
    """The service of a home, which starts at once, and what it can be watched by."""

    def __init__(self, home: Path, database: StateDb, **pace: float) -> None:
        self.idle = Idle()
        self.lock = WatchedLock(database.path)
        self.index = RolloutIndex(database, codex_home=home, paths=RolloutPaths(home), names=ThreadNames(home))
        self._pace = IndexPace(**{"head_start": 0.0, "quiet": 0.0, "poll": 0.01, **pace})
        self._database = database

    async def run(self, quiet: Callable[[float], Awaitable[None]] | None = None) -> None:
        text = ThreadTextIndex(self.index, self._database)
        await IndexService(self.index, text, self.lock, quiet=quiet or self.idle.quiet, pace=self._pace).run()

    async def read(self) -> int:
        """Return how many files were read."""
        row = await self._database.read(lambda tx: tx.row("SELECT count(*) FROM rollouts WHERE is_read"))
        assert row is not None
        return row[0]


async def test_everything_is_read_without_being_asked_for(tmp_path: Path, database: StateDb) -> None:
    bench = Bench(tmp_path, database)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        await bench.lock.until("given back")
        assert await bench.read() == FILES
        nursery.cancel_scope.cancel()
    other = IndexLock(database.path)
    assert other.take()
    other.give_back()


async def test_a_client_that_has_just_arrived_has_the_machine_to_itself(tmp_path: Path, database: StateDb) -> None:
    bench = Bench(tmp_path, database, head_start=math.inf)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        await trio.testing.wait_all_tasks_blocked()
        assert await bench.read() == 0
        nursery.cancel_scope.cancel()


async def test_nothing_is_read_in_the_background_while_a_client_asks(tmp_path: Path, database: StateDb) -> None:
    bench = Bench(tmp_path, database, longest_rest=math.inf)
    bench.idle.began()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        await trio.testing.wait_all_tasks_blocked()
        assert await bench.read() == 0
        bench.idle.ended()
        await bench.lock.until("given back")
        assert await bench.read() == FILES
        nursery.cancel_scope.cancel()


async def test_a_client_that_never_stops_asking_holds_nothing_up_for_ever(tmp_path: Path, database: StateDb) -> None:
    bench = Bench(tmp_path, database, longest_rest=0.0)
    bench.idle.began()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        await bench.lock.until("given back")
        assert await bench.read() == FILES
        nursery.cancel_scope.cancel()


async def test_a_second_server_leaves_it_to_the_first_and_takes_over_when_that_one_is_killed(
    tmp_path: Path, database: StateDb
) -> None:
    bench = Bench(tmp_path, database)
    with holder_of(tmp_path) as other:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bench.run)
            for _ in range(3):
                await bench.lock.until("refused")
            assert await bench.read() == 0
            other.kill()
            await bench.lock.until("given back")
            assert await bench.read() == FILES
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


def test_a_lock_that_only_commands_hold_or_that_cannot_be_had_holds_nobody_up(tmp_path: Path) -> None:
    command = IndexLock(tmp_path / "a")
    assert command.take()
    assert IndexLock(tmp_path / "a", only_commands_hold=lambda _: True).take()
    command.give_back()
    assert IndexLock(tmp_path / "missing" / "a").take()
    assert IndexLock(None).take()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.index.lock"]


async def test_that_another_server_takes_long_is_said_once(
    tmp_path: Path, database: StateDb, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path, database, warning=0.0)
    other = IndexLock(database.path)
    assert other.take()

    def told() -> list[str]:
        return [record.levelname for record in caplog.records if "another server" in record.message]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run)
        while not told():
            await bench.lock.until("refused")
        for _ in range(3):
            await bench.lock.until("refused")
        nursery.cancel_scope.cancel()
    other.give_back()
    assert told() == ["WARNING"]


async def test_an_index_that_nobody_uses_is_left_alone(tmp_path: Path, database: StateDb) -> None:
    bench = Bench(tmp_path, database, round=0.0)
    at_work = trio.Event()

    async def quiet(_seconds: float) -> None:
        at_work.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.run, quiet)
        await bench.lock.until("given back")
        assert await bench.read() == FILES
        at_work = trio.Event()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not at_work.is_set()
        await bench.index.page(ThreadQuery(), is_loaded=lambda _: False)
        with trio.fail_after(PATIENCE):
            await at_work.wait()
        nursery.cancel_scope.cancel()
