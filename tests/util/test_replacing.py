"""A file is replaced in one step, with its space freed when nobody waits any more."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from codex_trio.util.abandonable import finished_before
from codex_trio.util.replacing import replace_file


def _open_here(path: Path) -> list[str]:
    """Return what this process has open of a path, also what is there no more."""
    targets = []
    for name in os.listdir("/proc/self/fd"):
        try:
            targets.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue  # the descriptor of the listing itself
    return [target for target in targets if target.startswith(str(path))]


def test_what_was_there_is_given_up_when_the_caller_says_so(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    later = ExitStack()
    replace_file(path, b"first", later=later)  # there was nothing
    replace_file(path, b"second", mode=0o640, later=later)

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"second", 0o640)
    assert _open_here(path) == [f"{path} (deleted)"]
    later.close()
    assert _open_here(path) == []
    assert os.listdir(path.parent) == ["file"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file" / "inside").mkdir(parents=True)

    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "file", b"new")

    assert os.listdir(tmp_path) == ["file"]


async def test_nobody_waits_for_the_rest_of_finished_work() -> None:
    released, ended = threading.Event(), threading.Event()

    def rest() -> None:
        released.wait(60)
        ended.set()

    with trio.fail_after(30):
        assert await finished_before(60, 60, lambda: 17, rest=rest) == 17
        assert not ended.is_set()
        released.set()
        assert await trio.to_thread.run_sync(ended.wait, 30)
