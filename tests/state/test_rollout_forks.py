"""Forks and cut-back threads go on from another file's lines."""

import os
from pathlib import Path

import pytest
from rollout_lab import CREATED_MS, SAMPLES, asked, completed, file_lines, meta, turn, user_message

from codex_trio.state.ids import uuid7
from codex_trio.state.rollout import forks
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.events import TaskStarted
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.rollout.recorder import OpenedRollout, RolloutRecorder

NOW = "2026-11-22T13:00:00.000Z"


class Threads:
    """Threads under one home, made and forked."""

    def __init__(self, home: Path) -> None:
        self.paths = RolloutPaths(home)

    async def start(self, *texts: str) -> RolloutRecorder:
        thread_id = uuid7()
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS)
        recorder = RolloutRecorder.create(path, meta(thread_id))
        for text in texts:
            await recorder.append(turn(thread_id, uuid7(), text))
        return recorder

    async def fork(self, source: Path, *, source_id: str, end_ordinal: int) -> OpenedRollout:
        thread_id = uuid7()
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS)
        made = meta(thread_id, forked_from_id=source_id)
        self.make(source, path, made, end_ordinal)
        return await RolloutRecorder.open(path, locate_base=self.paths.locate_base)

    async def cut_back(self, recorder: RolloutRecorder, *, end_ordinal: int) -> OpenedRollout:
        thread_id = recorder.meta.id
        path = self.paths.new_path(thread_id, created_ms=CREATED_MS + 5000, segment_id=uuid7())
        self.make(recorder.path, path, recorder.meta, end_ordinal)
        return await RolloutRecorder.open(path, locate_base=self.paths.locate_base)

    def make(self, source: Path, path: Path, made: SessionMeta, end_ordinal: int) -> None:
        forks.start_from(
            source,
            path,
            made,
            end_ordinal=end_ordinal,
            locate_base=self.paths.locate_base,
            timestamp=NOW,
        )


@pytest.fixture
def threads(tmp_path: Path) -> Threads:
    return Threads(tmp_path)


async def test_a_fork_has_the_turns_up_to_where_it_was_made_and_its_own(threads: Threads) -> None:
    source = await threads.start("one", "two")
    size = source.path.stat().st_size
    fork = await threads.fork(source.path, source_id=source.meta.id, end_ordinal=source.history.next_ordinal)
    await source.append(turn(source.meta.id, uuid7(), "only in the source"))
    await fork.recorder.append(turn(fork.recorder.meta.id, uuid7(), "only in the fork"))

    again = await RolloutRecorder.open(fork.recorder.path, locate_base=threads.paths.locate_base)
    history = again.recorder.history
    assert asked(history.turns) == ["one", "two", "only in the fork"]
    assert [item["content"][0]["text"] for item in again.model_history][::2] == ["one", "two", "only in the fork"]
    assert history.turns == fork.recorder.history.turns
    assert history.preview == "one"
    # The file holds only what is its own, and says where the rest is.
    own = file_lines(fork.recorder.path)
    end = source.history.turns[2].ordinal
    assert own[0]["payload"]["history_base"] == {
        "thread_id": source.meta.id,
        "end_ordinal_exclusive": end,
        "end_byte_offset": size,
    }
    assert [line["ordinal"] for line in own] == list(range(end, end + len(own)))


async def test_a_fork_can_end_with_or_before_any_turn(threads: Threads) -> None:
    source = await threads.start("one", "two", "three")
    history = source.history
    first, second, third = (turn.id for turn in history.turns)

    async def forked(end_ordinal: int) -> list[str]:
        fork = await threads.fork(source.path, source_id=source.meta.id, end_ordinal=end_ordinal)
        return asked(fork.recorder.history.turns)

    assert await forked(forks.ordinal_after(history, second)) == ["one", "two"]
    assert await forked(forks.ordinal_after(history, third)) == ["one", "two", "three"]
    assert await forked(forks.ordinal_before(history, second)) == ["one"]
    assert await forked(forks.ordinal_before(history, first)) == []
    with pytest.raises(forks.TurnNotFound, match="turn not found: zz"):
        forks.ordinal_after(history, "zz")


async def test_a_fork_of_a_fork_reads_through_both(threads: Threads) -> None:
    source = await threads.start("one", "two")
    fork = await threads.fork(source.path, source_id=source.meta.id, end_ordinal=source.history.next_ordinal)
    await fork.recorder.append(turn(fork.recorder.meta.id, uuid7(), "three"))
    path, history = fork.recorder.path, fork.recorder.history
    fork_id = fork.recorder.meta.id

    second = await threads.fork(path, source_id=fork_id, end_ordinal=history.next_ordinal)
    assert asked(second.recorder.history.turns) == ["one", "two", "three"]
    # Cut inside what the fork inherited itself: the base is the file that holds those lines.
    end = forks.ordinal_after(history, history.turns[0].id)
    third = await threads.fork(path, source_id=fork_id, end_ordinal=end)
    assert asked(third.recorder.history.turns) == ["one"]
    assert third.recorder.meta.history_base is not None
    assert third.recorder.meta.history_base.thread_id == source.meta.id


async def test_a_fork_of_a_running_thread_shows_its_turn_as_interrupted(threads: Threads) -> None:
    source = await threads.start("one")
    thread_id = source.meta.id
    await source.append([TaskStarted(turn_id="t"), completed(thread_id, "t", user_message("two"))])
    fork = await threads.fork(source.path, source_id=thread_id, end_ordinal=source.history.next_ordinal)
    assert [turn.status for turn in fork.recorder.history.turns] == ["completed", "interrupted"]
    assert source.history.turns[-1].status == "in_progress"


async def test_a_thread_that_is_cut_back_goes_on_without_the_later_turns(threads: Threads) -> None:
    source = await threads.start("one", "two", "three")
    thread_id = source.meta.id
    end = forks.ordinal_before(source.history, source.history.turns[1].id)
    cut = await threads.cut_back(source, end_ordinal=end)
    await cut.recorder.append(turn(thread_id, uuid7(), "instead"))
    assert cut.recorder.meta.forked_from_id is None

    found = threads.paths.find(thread_id)
    assert found is not None
    assert found.path == cut.recorder.path
    again = await RolloutRecorder.open(found.path, locate_base=threads.paths.locate_base)
    assert asked(again.recorder.history.turns) == ["one", "instead"]


async def test_a_fork_whose_source_is_gone_still_opens(threads: Threads) -> None:
    source = await threads.start("one")
    fork = await threads.fork(source.path, source_id=source.meta.id, end_ordinal=source.history.next_ordinal)
    await fork.recorder.append(turn(fork.recorder.meta.id, uuid7(), "two"))
    source.path.unlink()
    again = await RolloutRecorder.open(fork.recorder.path, locate_base=threads.paths.locate_base)
    assert asked(again.recorder.history.turns) == ["two"]
    assert again.report.missing_base == source.meta.id


async def test_a_fork_of_an_archived_thread_reads_it_from_the_archive(threads: Threads) -> None:
    source = await threads.start("one")
    fork = await threads.fork(source.path, source_id=source.meta.id, end_ordinal=source.history.next_ordinal)
    threads.paths.archive(source.meta.id)
    again = await RolloutRecorder.open(fork.recorder.path, locate_base=threads.paths.locate_base)
    assert asked(again.recorder.history.turns) == ["one"]


async def test_a_fork_of_an_older_thread_copies_its_lines(threads: Threads) -> None:
    [source] = (SAMPLES / "0.131.0-tools").glob("rollout-*.jsonl")
    source_id = source.stem[-36:]
    whole = await RolloutRecorder.open(source)
    history = whole.recorder.history
    end = forks.ordinal_after(history, history.turns[1].id)
    fork = await threads.fork(source, source_id=source_id, end_ordinal=end)
    assert asked(fork.recorder.history.turns) == ["hello", "see"]
    assert not fork.recorder.meta.is_paginated
    assert fork.recorder.meta.forked_from_id == source_id
    assert [item.item.id for item in fork.recorder.history.turns[0].items] == [
        item.item.id for item in history.turns[0].items
    ]


async def test_a_fork_that_cannot_be_written_leaves_nothing(threads: Threads, tmp_path: Path) -> None:
    source = await threads.start("one")
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(RolloutWriteError):
        threads.make(source.path, tmp_path / "blocked" / "x.jsonl", meta(uuid7()), 3)
    target = tmp_path / "there.jsonl"
    target.mkdir()
    with pytest.raises(RolloutWriteError):
        threads.make(source.path, target, meta(uuid7()), 3)
    assert [name for name in os.listdir(tmp_path) if name.endswith("tmp")] == []
