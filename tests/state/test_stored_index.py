"""Indexes of rollouts that outlive the process."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from rollout_lab import SOME_THREAD, command, encode, everything, meta, turn

from codex_trio.state.db.initializer import state_database
from codex_trio.state.db.state_db import StateDb
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.stored_index import HistoryReader, restore, stored
from codex_trio.state.local.index.span_cache import SpanCache
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.sources import LineSource

BIG = command("big", output="x" * 300_000)


class Kept:
    """A cache that is a dictionary."""

    def __init__(self) -> None:
        self.indexes: dict[str, bytes] = {}

    async def get(self, file_name: str) -> bytes | None:
        await trio.lowlevel.checkpoint()
        return self.indexes.get(file_name)

    def keep(self, file_name: str, index: bytes) -> None:
        self.indexes[file_name] = index


def no_base(_thread_id: str, _seen: frozenset[LineSource]) -> None:
    return None


def write(path: Path, *asked: str) -> bytes:
    turns = [line for number, text in enumerate(asked) for line in turn("x", f"t{number}", text, BIG)]
    data = encode([meta(SOME_THREAD), *turns], first_ordinal=0)
    path.write_bytes(data)
    return data


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rollout.jsonl"


async def test_what_was_indexed_before_is_not_read_again(path: Path) -> None:
    kept = Kept()
    files = HistoryReader(no_base, cache=kept)
    data = write(path, "one", "two")
    first = await files.open(FileLines(path))
    assert list(kept.indexes) == [path.name]
    # Somebody breaks the line that opens the first turn, and goes on at the end: the line is not looked at again.
    begin = first.index.turns[0].start
    more = encode(turn("x", "t9", "three"), first_ordinal=first.facts.next_ordinal)
    put(path, data[:begin] + b"!" + data[begin + 1 :] + more)
    again = await files.open(FileLines(path))
    assert [turn.id for turn in again.index.turns] == ["t0", "t1", "t9"]
    assert everything(again).turns[:2] == everything(first).turns


async def test_little_is_read_again_rather_than_kept(path: Path) -> None:
    kept = Kept()
    files = HistoryReader(no_base, cache=kept)
    put(path, encode([meta(SOME_THREAD), *turn("x", "t", "hello")], first_ordinal=0))
    await files.open(FileLines(path))
    assert kept.indexes == {}


@pytest.mark.parametrize("change", ["another file", "cut back", "other lines", "another format", "damaged"])
def test_an_index_that_does_not_fit_is_not_used(path: Path, change: str) -> None:
    data = write(path, "one", "two")
    index = stored(RolloutHistory.load(FileLines(path)))
    match change:
        case "another file":
            os.rename(path, path.with_name("old"))
            path.write_bytes(data)
        case "cut back":
            path.write_bytes(data[: len(data) // 2])
        case "other lines":
            path.write_bytes(data[:-5] + b"!" + data[-4:])
        case "another format":
            place = index.index(b"\xa6format") + len(b"\xa6format")
            index = index[:place] + b"\x7f" + index[place + 1 :]
        case _:
            index = index[: len(index) // 2]
    history = RolloutHistory.open(FileLines(path))
    assert not restore(history, index)
    assert history.index.turns == []


async def test_a_database_keeps_indexes_until_their_files_are_gone(tmp_path: Path) -> None:
    async with state_database(tmp_path / "state.sqlite", warn=print) as database:
        async with running(database) as cache:
            cache.keep("rollout.jsonl", b"index")
            with trio.fail_after(30):
                while await cache.get("rollout.jsonl") is None:  # noqa: ASYNC110  # written behind our back
                    await trio.sleep(0.01)
        assert await SpanCache(database).get("other.jsonl") is None
        # The next server knows of no such file.
        async with running(database) as cache:
            with trio.fail_after(30):
                while await cache.get("rollout.jsonl") is not None:  # noqa: ASYNC110  # the same
                    await trio.sleep(0.01)


async def test_a_database_in_memory_keeps_none(tmp_path: Path) -> None:
    database = StateDb(None)
    await database.open()
    try:
        cache = SpanCache(database)
        cache.keep("rollout.jsonl", b"index")
        assert await cache.get("rollout.jsonl") is None
    finally:
        await database.aclose()


@asynccontextmanager
async def running(database: StateDb) -> AsyncIterator[SpanCache]:
    cache = SpanCache(database)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cache.run)
        yield cache
        nursery.cancel_scope.cancel()
