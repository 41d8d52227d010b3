"""Forks and cut-back threads go on from another file's lines."""

import os
from pathlib import Path

import pytest
from rollout_lab import (
    CREATED_MS,
    SAMPLES,
    asked,
    completed,
    everything,
    file_lines,
    file_of,
    meta,
    reopen,
    turn,
    user_message,
)

from codex_trio.domain.ids import uuid7
from codex_trio.state.history import forks
from codex_trio.state.history.recorder import RolloutRecorder
from codex_trio.state.history.values import StoredTurn
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.events import TaskStarted
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.rollout.paths import RolloutPaths

NOW = "2026-11-22T13:00:00.000Z"


class Threads:
    """Threads under one home, made and forked."""

    def __init__(self, home: Path) -> None:
        self.paths = RolloutPaths(home)

    async def start(self, *texts: str) -> RolloutRecorder:
        thread_id = uuid7()
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS)
        recorder = RolloutRecorder.create(FileLines(path), meta(thread_id))
        for text in texts:
            await recorder.append(turn(thread_id, uuid7(), text))
        return recorder

    async def fork(self, source: RolloutRecorder, point: forks.ForkPoint | None = None) -> RolloutRecorder:
        thread_id = uuid7()
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS)
        made = meta(thread_id, forked_from_id=source.meta.id)
        await self.make(source, path, made, point)
        return await self.open(path)

    async def open(self, path: Path) -> RolloutRecorder:
        return await reopen(path, locate_base=locator_of(self.paths.locate_base))

    async def cut_back(self, recorder: RolloutRecorder, point: forks.ForkPoint) -> RolloutRecorder:
        thread_id = recorder.meta.id
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS + 5000, segment_id=uuid7())
        await self.make(recorder, path, recorder.meta, point)
        return await self.open(path)

    async def make(
        self, source: RolloutRecorder, path: Path, made: SessionMeta, point: forks.ForkPoint | None = None
    ) -> None:
        point = point or forks.whole(source.history)
        paginated = source.meta.is_paginated
        await FileLines(path).begin(forks.beginning(point, made, paginated=paginated, timestamp=NOW))


def turns_of(recorder: RolloutRecorder) -> list[StoredTurn]:
    return everything(recorder.history).turns


@pytest.fixture
def threads(tmp_path: Path) -> Threads:
    return Threads(tmp_path)


async def test_a_fork_has_the_turns_up_to_where_it_was_made_and_its_own(threads: Threads) -> None:
    source = await threads.start("one", "two")
    size = file_of(source).stat().st_size
    fork = await threads.fork(source)
    await source.append(turn(source.meta.id, uuid7(), "only in the source"))
    await fork.append(turn(fork.meta.id, uuid7(), "only in the fork"))

    again = await threads.open(file_of(fork))
    assert asked(turns_of(again)) == ["one", "two", "only in the fork"]
    model_history = (await again.model_past()).items
    assert [item["content"][0]["text"] for item in model_history][::2] == ["one", "two", "only in the fork"]
    assert turns_of(again) == turns_of(fork)
    assert again.facts.preview == "one"
    # The file holds only what is its own, and says where the rest is.
    own = file_lines(file_of(fork))
    end = source.history.index.turns[2].ordinal
    assert own[0]["payload"]["history_base"] == {
        "thread_id": source.meta.id,
        "end_ordinal_exclusive": end,
        "end_byte_offset": size,
    }
    assert [line["ordinal"] for line in own] == list(range(end, end + len(own)))


async def test_a_fork_can_end_with_or_before_any_turn(threads: Threads) -> None:
    source = await threads.start("one", "two", "three")
    history = source.history
    first, second, third = (turn.id for turn in history.index.turns)

    async def forked(point: forks.ForkPoint) -> list[str]:
        return asked(turns_of(await threads.fork(source, point)))

    assert await forked(forks.after(history, second)) == ["one", "two"]
    assert await forked(forks.after(history, third)) == ["one", "two", "three"]
    assert await forked(forks.before(history, second)) == ["one"]
    assert await forked(forks.before(history, first)) == []
    with pytest.raises(forks.TurnNotFound, match="turn not found: zz"):
        forks.after(history, "zz")


async def test_a_fork_of_a_fork_reads_through_both(threads: Threads) -> None:
    source = await threads.start("one", "two")
    fork = await threads.fork(source)
    await fork.append(turn(fork.meta.id, uuid7(), "three"))

    second = await threads.fork(fork)
    assert asked(turns_of(second)) == ["one", "two", "three"]
    # Cut inside what the fork inherited itself: the base is the file that holds those lines.
    end = forks.after(fork.history, fork.history.index.turns[0].id)
    third = await threads.fork(fork, end)
    assert asked(turns_of(third)) == ["one"]
    assert third.meta.history_base is not None
    assert third.meta.history_base.thread_id == source.meta.id


async def test_a_fork_of_a_running_thread_shows_its_turn_as_interrupted(threads: Threads) -> None:
    source = await threads.start("one")
    thread_id = source.meta.id
    await source.append([TaskStarted(turn_id="t"), completed(thread_id, "t", user_message("two"))])
    fork = await threads.fork(source)
    assert [turn.status for turn in turns_of(fork)] == ["completed", "interrupted"]
    assert turns_of(source)[-1].status == "in_progress"


async def test_a_thread_that_is_cut_back_goes_on_without_the_later_turns(threads: Threads) -> None:
    source = await threads.start("one", "two", "three")
    thread_id = source.meta.id
    end = forks.before(source.history, source.history.index.turns[1].id)
    cut = await threads.cut_back(source, end)
    await cut.append(turn(thread_id, uuid7(), "instead"))
    assert cut.meta.forked_from_id is None

    found = threads.paths.find(thread_id)
    assert found is not None
    assert file_of(found) == cut.path
    again = await threads.open(file_of(found))
    assert asked(turns_of(again)) == ["one", "instead"]


async def test_a_fork_whose_source_is_gone_still_opens(threads: Threads) -> None:
    source = await threads.start("one")
    fork = await threads.fork(source)
    await fork.append(turn(fork.meta.id, uuid7(), "two"))
    file_of(source).unlink()
    again = await threads.open(file_of(fork))
    assert asked(turns_of(again)) == ["two"]
    assert again.history.missing_base == source.meta.id


async def test_a_fork_of_an_archived_thread_reads_it_from_the_archive(threads: Threads) -> None:
    source = await threads.start("one")
    fork = await threads.fork(source)
    threads.paths.archive(source.meta.id)
    again = await threads.open(file_of(fork))
    assert asked(turns_of(again)) == ["one"]


async def test_a_fork_of_an_older_thread_copies_its_lines(threads: Threads) -> None:
    [sample] = (SAMPLES / "0.131.0-tools").glob("rollout-*.jsonl")
    source = await reopen(sample)
    end = forks.after(source.history, source.history.index.turns[1].id)
    fork = await threads.fork(source, end)
    assert asked(turns_of(fork)) == ["hello", "see"]
    assert not fork.meta.is_paginated
    assert fork.meta.forked_from_id == source.meta.id
    assert [item.item.id for item in turns_of(fork)[0].items] == [item.item.id for item in turns_of(source)[0].items]


async def test_a_fork_that_cannot_be_written_leaves_nothing(threads: Threads, tmp_path: Path) -> None:
    source = await threads.start("one")
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(RolloutWriteError):
        await threads.make(source, tmp_path / "blocked" / "x.jsonl", meta(uuid7()))
    target = tmp_path / "there.jsonl"
    target.mkdir()
    with pytest.raises(RolloutWriteError):
        await threads.make(source, target, meta(uuid7()))
    assert [name for name in os.listdir(tmp_path) if name.endswith("tmp")] == []
