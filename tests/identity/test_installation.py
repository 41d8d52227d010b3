"""The installation id is made once and stays."""

import fcntl
import os
import time
import uuid
from pathlib import Path

import pytest

from codex_trio.identity.installation import read_or_create
from codex_trio.util.regular_file import NotARegularFile

GIVEN = "037FD806-F7CF-4DFA-ADD8-8AEF95396688"


def test_the_id_is_made_once(tmp_path: Path) -> None:
    first = read_or_create(tmp_path / "home")
    file = tmp_path / "home" / "installation_id"
    assert (read_or_create(tmp_path / "home"), file.read_text()) == (first, first)
    assert uuid.UUID(first).version == 4
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [GIVEN, f"  {GIVEN}\n"])
@pytest.mark.parametrize("mode", [0o644, 0o600, 0o400])
def test_an_id_that_is_there_is_kept(tmp_path: Path, content: str, mode: int) -> None:
    file = tmp_path / "installation_id"
    file.write_text(content)
    file.chmod(mode)
    assert read_or_create(tmp_path) == GIVEN.lower()
    assert file.read_text() == content
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [b"", b"not an id", b"\xff\xfe", GIVEN.encode() + b"-and-more" * 9])
def test_anything_else_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "installation_id"
    file.write_bytes(content)
    made = read_or_create(tmp_path)
    assert file.read_text() == made
    assert uuid.UUID(made).version == 4


def test_a_path_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "installation_id").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        read_or_create(tmp_path)


def test_a_lock_on_an_id_that_is_there_keeps_nobody_waiting(tmp_path: Path) -> None:
    file = tmp_path / "installation_id"
    file.write_text(GIVEN)
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        started = time.monotonic()
        assert read_or_create(tmp_path) == GIVEN.lower()
        assert time.monotonic() - started < 1.0, "it waited for the lock"


def test_a_lock_that_is_held_for_long_does_not_keep_an_id_from_being_made(tmp_path: Path) -> None:
    file = tmp_path / "installation_id"
    file.touch()
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert read_or_create(tmp_path, lock_seconds=0.05) == file.read_text()


def test_a_pipe_in_its_place_is_an_error_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "installation_id")
    with pytest.raises(NotARegularFile, match="is a named pipe, not a regular file"):
        read_or_create(tmp_path)
