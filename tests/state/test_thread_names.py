"""Names that threads were given are there for good, the last one counting."""

import json
import os
from pathlib import Path

import pytest

from codex_trio.state.local.names import ThreadNames
from codex_trio.util.regular_file import NotARegularFile


def test_the_last_name_counts_and_other_servers_see_it(tmp_path: Path) -> None:
    names, other = ThreadNames(tmp_path), ThreadNames(tmp_path)
    assert names.get("a") is None
    names.set("a", "first")
    names.set("b", "other")
    assert other.get("a") == "first"
    names.set("a", "second ✓")
    assert (other.get("a"), other.get("b"), names.get("a")) == ("second ✓", "other", "second ✓")
    last = json.loads((tmp_path / "session_index.jsonl").read_text().splitlines()[-1])
    assert (last["id"], last["thread_name"], last["updated_at"][-1]) == ("a", "second ✓", "Z")


def test_a_torn_line_costs_no_other_name(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "kept")
    with (tmp_path / "session_index.jsonl").open("a") as file:
        file.write('{"id":"b","thread_na')
    names.set("c", "also kept")
    assert dict(ThreadNames(tmp_path).all()) == {"a": "kept", "c": "also kept"}


def test_a_name_that_cannot_be_stored_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ThreadNames(tmp_path / "missing").set("a", "x")
    assert dict(ThreadNames(tmp_path / "missing").all()) == {}


def test_a_pipe_in_place_of_the_file_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "session_index.jsonl")
    names = ThreadNames(tmp_path)
    assert dict(names.all()) == {}
    with pytest.raises(NotARegularFile, match="is a named pipe, not a regular file"):
        names.set("a", "x")
    names.remove(["a"])
