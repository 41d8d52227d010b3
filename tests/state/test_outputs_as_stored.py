"""Outputs of commands go from the rollout to a client as they are stored, and harm nobody when they are no text."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from rollout_lab import SOME_THREAD, command, encode, meta, turn

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.wire.threads import all_turns

MARK = b"THE OUTPUT"


def history_with(path: Path, stored: bytes) -> RolloutHistory:
    """Return a turn with a command whose output is stored in those bytes."""
    ran = command("c1", output=MARK.decode())
    lines = encode([meta(SOME_THREAD), *turn("x", "t1", "go", ran)], first_ordinal=0)
    assert lines.count(b'"%b"' % MARK) == 1
    path.write_bytes(lines.replace(b'"%b"' % MARK, stored))
    return RolloutHistory.load(FileLines(path))


async def items_with(path: Path, stored: bytes) -> list[dict[str, Any]]:
    """Return the items of that turn, as a client is sent them."""
    encoded = await all_turns(history_with(path, stored)).read()
    [read] = msgspec.json.decode(b"[" + b",".join(encoded) + b"]")
    return read["items"]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (rb'"two\nlines, \"quoted\" \\ \u001b[0m"', 'two\nlines, "quoted" \\ \x1b[0m'),
        ('"grüß \U0001f600"'.encode(), "grüß \U0001f600"),
        (rb'"\ud83d\ude00 in two halves"', "\U0001f600 in two halves"),
        (b'""', None),
        (b"null", None),
    ],
)
async def test_an_output_is_shown_as_it_was_stored(tmp_path: Path, stored: bytes, shown: str | None) -> None:
    items = await items_with(tmp_path / "r.jsonl", stored)
    assert [item["type"] for item in items] == ["userMessage", "commandExecution", "agentMessage"]
    assert (items[1]["aggregatedOutput"], items[1]["exitCode"]) == (shown, 0)


@pytest.mark.parametrize("stored", [b'"not \xff text"', rb'"half \ud800 a pair"', b'"a bare \x01 control"'])
async def test_an_output_that_is_no_text_costs_its_item_and_nothing_else(tmp_path: Path, stored: bytes) -> None:
    items = await items_with(tmp_path / "r.jsonl", stored)
    assert [item["type"] for item in items] == ["userMessage", "agentMessage"]
