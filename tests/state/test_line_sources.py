"""What everything that holds a rollout's lines promises, be it a file or memory."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from rollout_lab import asked, command, encode, everything, meta, turn

from codex_trio.domain.ids import uuid7
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.memory_lines import MemoryLines
from codex_trio.state.rollout.paths import RolloutName
from codex_trio.state.rollout.sources import LineSource

NAME = RolloutName("2026-11-22T12-00-00", "01a204c5-d161-79fc-8181-56ca2af0a7a1")

pieces_of_lines = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12)


def in_file(folder: Path) -> LineSource:
    return FileLines(folder / "sessions" / NAME.file_name)


def in_memory(_folder: Path) -> LineSource:
    return MemoryLines(NAME, clock=lambda: 0, appeared=lambda _lines: None)


KINDS = pytest.mark.parametrize("make", [in_file, in_memory])


@KINDS
async def test_nothing_is_there_before_something_was_written(
    tmp_path: Path, make: Callable[[Path], LineSource]
) -> None:
    source = make(tmp_path)
    writer = source.writer(size=None)
    assert (source.name, writer.exists, any(source.version())) == (NAME, False, False)
    with pytest.raises(FileNotFoundError), source.opened():
        pass
    assert await writer.write(b"one\n") == 0
    before = source.version()
    assert writer.exists
    assert await writer.write(b"two\nthree\n") == 4
    assert (before[0], before[1], source.version()[1]) == (source.version()[0], 4, 14)
    again = source.writer(size=14)
    assert await again.write(b"four\n") == 14
    with source.opened() as reader:
        assert (reader.size, reader.read(100, 0)) == (19, b"one\ntwo\nthree\nfour\n")
        identity = reader.identity
    other = make(tmp_path / "other")
    await other.begin([b"o", b"ne", b"\n"])
    with other.opened() as reader:
        assert (reader.read(100, 0), reader.identity == identity) == (b"one\n", False)
    writer.close()
    again.close()


@KINDS
@settings(deadline=None)
@given(pieces=pieces_of_lines, begin=st.integers(0, 500), length=st.integers(0, 500))
def test_any_stretch_can_be_read_whatever_it_was_written_by(
    make: Callable[[Path], LineSource], pieces: list[bytes], begin: int, length: int
) -> None:
    async def check(folder: Path) -> None:
        source = make(folder)
        writer = source.writer(size=None)
        for piece in pieces:
            await writer.write(piece)
        writer.close()
        with source.opened() as reader:
            assert reader.read(length, begin) == b"".join(pieces)[begin : begin + length]

    with tempfile.TemporaryDirectory() as folder:
        trio.run(partial(check, Path(folder)))


@KINDS
async def test_the_same_lines_make_the_same_history(tmp_path: Path, make: Callable[[Path], LineSource]) -> None:
    source = make(tmp_path)
    lines = [meta(NAME.thread_id), *turn("x", "t1", "one", command("c", output="o" * 3_000_000))]
    data = encode(lines, first_ordinal=0)
    # Not where lines end: what is written and what is read need not be the same stretches.
    await source.begin([data[:1000], data[1000:]])
    history = RolloutHistory.load(source)
    assert (asked(everything(history).turns), history.bad_lines, history.size) == (["one"], 0, len(data))
    writer = source.writer(size=history.size)
    await writer.write(encode(turn("x", uuid7(), "two"), first_ordinal=len(lines)))
    writer.close()
    await history.catch_up()
    assert asked(everything(history).turns) == ["one", "two"]
    assert [item["content"][0]["text"] for item in history.model_history()][::2] == ["one", "two"]
