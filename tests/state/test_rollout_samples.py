"""Threads that the established server recorded open here, with the turns that it shows itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from rollout_lab import SAMPLES, as_read, everything, told

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.file_lines import FileLines, locator_of
from codex_trio.state.rollout.lines import decode_line, encode_line

# What 0.131.0 shows live but loses on disk; we show these again.
RECOVERED = {"commandExecution", "imageView", "dynamicToolCall"}


def sample(name: str) -> list[tuple[Path, dict[str, Any]]]:
    expected = json.loads((SAMPLES / name / "expected.json").read_text())
    files = {path.stem[-36:]: path for path in (SAMPLES / name).glob("rollout-*.jsonl")}
    return [(files[thread_id], expected[thread_id]) for thread_id in expected]


def locate(folder: Path) -> Any:
    def locate_base(thread_id: str, seen: frozenset[Path]) -> Path | None:
        return next((path for path in folder.glob(f"rollout-*{thread_id}*.jsonl") if path not in seen), None)

    return locator_of(locate_base)


def opened(path: Path) -> RolloutHistory:
    return RolloutHistory.load(FileLines(path), locate_base=locate(path.parent))


@pytest.mark.parametrize("name", ["0.169.0-tools", "0.169.0-fork"])
def test_a_thread_of_0_169_shows_the_turns_that_its_own_server_shows(name: str) -> None:
    for path, expected in sample(name):
        history = opened(path)
        assert told(everything(history).turns) == as_read(expected["turns"])
        assert history.facts.preview == expected["preview"]
        assert history.bad_lines == 0


@pytest.mark.parametrize("name", ["0.131.0-tools", "0.131.0-fork"])
def test_a_thread_of_0_131_shows_the_turns_that_its_own_server_shows_and_the_commands_that_it_lost(name: str) -> None:
    recovered: set[str] = set()
    for path, expected in sample(name):
        history = opened(path)
        turns = told(everything(history).turns)
        for turn in turns:
            recovered |= {item[1] for item in turn["items"]} & RECOVERED
            turn["items"] = [item for item in turn["items"] if item[1] not in RECOVERED]
        assert turns == as_read(expected["turns"])
        assert history.facts.preview == expected["preview"]
        assert history.bad_lines == 0
    assert recovered == ({"dynamicToolCall"} if name.endswith("fork") else {"commandExecution", "imageView"})


def test_recovered_commands_tell_what_ran_and_how_it_ended() -> None:
    [(path, _)] = sample("0.131.0-tools")
    commands = {
        item[0]: item[2:]
        for turn in told(everything(opened(path)).turns)
        for item in turn["items"]
        if item[1] == "commandExecution"
    }
    missing = "yes\nA\n/bin/bash: line 1: rg: command not found\n"
    assert commands["c1"] == ("touch n1", "declined", None, None, None)
    assert commands["c2"] == ("echo yes; cat a.txt; rg foo sub | head", "completed", missing, 0, 0)
    assert commands["c10"][1] == "failed"
    assert commands["rollout-86"] == ("echo shell", "completed", "shell\n", 0, 4)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/rollout-*.jsonl")), ids=lambda path: path.parent.name)
def test_every_line_is_written_back_with_the_same_meaning(path: Path) -> None:
    for raw in path.read_bytes().splitlines():
        line = decode_line(raw)
        assert line is not None
        written = encode_line(line)
        assert decode_line(written) == line
        before, after = json.loads(raw), json.loads(written)
        assert {key: after[key] for key in before if key != "payload"} == {
            key: before[key] for key in before if key != "payload"
        }
        if before["payload"].get("type") == "item_completed":
            # Items are stored key for key as that release stores them, in its order.
            assert json.dumps(after["payload"]["item"]) == json.dumps(before["payload"]["item"])


def test_the_model_goes_on_from_what_it_has_seen() -> None:
    for path, _ in sample("0.169.0-fork"):
        model = opened(path).model_history()
        texts = [part["text"] for item in model for part in item.get("content", [])]
        # The turns before the compaction are there only by their user messages and the summary.
        assert texts[:2] == ["t1", "(cut)"]
        assert "one" not in texts
        assert any("SUMMARY TEXT" in text for text in texts)
        assert all("internal_chat_message_metadata_passthrough" not in item for item in model)
