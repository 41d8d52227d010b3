"""A disk that does not answer in time: nobody waits for ever, and what it has done in the end is found out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from rollout_lab import asked, file_lines, meta, new_path, read, turn
from trio.testing import MockClock

from codex_trio.domain.ids import uuid7
from codex_trio.state.history.recorder import WRITE_SECONDS, RolloutRecorder
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.file_lines import FileLines

PATIENCE = 10.0


class StuckDisk:
    """Writes to files of a folder do not come back until it is released."""

    def __init__(self, folder: Path) -> None:
        self.reached = threading.Event()
        self._released = threading.Event()
        self._folder = str(folder)
        self._write: Callable[[int, memoryview], int] = os.write
        self.is_stuck = False

    def release(self) -> None:
        self.is_stuck = False
        self._released.set()

    def write(self, fd: int, data: memoryview) -> int:
        if self.is_stuck and os.readlink(f"/proc/self/fd/{fd}").startswith(self._folder):
            self.reached.set()
            assert self._released.wait(PATIENCE)
        return self._write(fd, data)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StuckDisk:
    disk = StuckDisk(tmp_path)
    monkeypatch.setattr(os, "write", disk.write)
    return disk


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


async def give_up(recorder: RolloutRecorder, disk: StuckDisk, clock: MockClock, text: str) -> RolloutWriteError:
    """Append a turn, for as long as anybody waits for that."""
    disk.is_stuck = True
    caught: list[RolloutWriteError] = []

    async def append() -> None:
        with pytest.raises(RolloutWriteError) as failure:
            await recorder.append(turn(recorder.meta.id, uuid7(), text))
        caught.append(failure.value)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(append)
        assert await trio.to_thread.run_sync(disk.reached.wait, PATIENCE)
        clock.jump(WRITE_SECONDS)
    return caught[0]


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_write_that_was_given_up_counts_once_it_is_done(
    tmp_path: Path, disk: StuckDisk, clock: MockClock, *, is_new: bool
) -> None:
    thread_id = uuid7()
    source = FileLines(new_path(tmp_path, thread_id))
    recorder = RolloutRecorder.create(source, meta(thread_id))
    if not is_new:
        await recorder.append(turn(thread_id, uuid7(), "first"))
    failure = await give_up(recorder, disk, clock, "slow")
    assert f"within {WRITE_SECONDS:.0f} seconds" in str(failure)

    # As long as the disk does not answer, nobody else waits for it.
    with pytest.raises(RolloutWriteError, match="an earlier write"):
        await recorder.append(turn(thread_id, uuid7(), "meanwhile"))

    disk.release()
    await until_written(recorder, "last")
    await recorder.aclose()
    said = asked(read(source.path).turns)
    assert said == [*([] if is_new else ["first"]), "slow", "last"]
    assert [turn.id for turn in recorder.history.index.turns] == [turn.id for turn in read(source.path).turns]
    ordinals = [line["ordinal"] for line in file_lines(source.path)]
    assert ordinals == list(range(recorder.facts.next_ordinal))


async def until_written(recorder: RolloutRecorder, text: str) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            try:
                await recorder.append(turn(recorder.meta.id, uuid7(), text))
            except RolloutWriteError:
                await trio.sleep(0.01)
            else:
                return


async def test_a_recorder_is_closed_while_the_disk_does_not_answer(
    tmp_path: Path, disk: StuckDisk, clock: MockClock
) -> None:
    thread_id = uuid7()
    source = FileLines(new_path(tmp_path, thread_id))
    recorder = RolloutRecorder.create(source, meta(thread_id))
    await give_up(recorder, disk, clock, "slow")
    with trio.fail_after(PATIENCE):
        await recorder.aclose()
    disk.release()
    with trio.fail_after(PATIENCE):
        while True:
            if not open_descriptors(source.path):
                break
            await trio.sleep(0.01)
    assert '"slow"' in source.path.read_text()


async def test_a_write_that_has_not_begun_when_it_is_cancelled_never_does(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    writer = FileLines(path).writer(size=None)
    limiter = trio.to_thread.current_default_thread_limiter()
    tokens = [object() for _ in range(int(limiter.available_tokens))]
    for token in tokens:
        limiter.acquire_on_behalf_of_nowait(token)
    with trio.move_on_after(0.01) as waiting:
        await writer.write(b"one\n")
    assert waiting.cancelled_caught
    assert not writer.is_writing
    for token in tokens:
        limiter.release_on_behalf_of(token)
    assert await writer.write(b"two\n") == 0
    assert path.read_bytes() == b"two\n"
    writer.close()


def open_descriptors(path: Path) -> list[str]:
    found: list[str] = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        if target == str(path):
            found.append(fd)
    return found
