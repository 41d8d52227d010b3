"""Answers about files that need no thread: the same as those of a thread, or none at all."""

import os
from pathlib import Path

import pytest

from codex_trio.files.at_once import MOST_BYTES, AtOnce
from codex_trio.files.local import LocalFiles
from codex_trio.files.status import status


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    """Knows the mount of the test's folder."""
    found = AtOnce()
    found.learn(str(tmp_path))
    return found


def test_nothing_is_told_of_a_mount_that_nobody_has_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert AtOnce().status(str(tmp_path / "file")) is None
    assert AtOnce().read(str(tmp_path / "file"), limit=100) is None


def test_nothing_is_told_of_what_is_no_file_of_a_local_disk() -> None:
    at_once = AtOnce()
    at_once.learn("/proc/self/status")
    assert at_once.status("/proc/self/status") is None
    assert at_once.read("/proc/self/status", limit=1 << 20) is None


@pytest.mark.parametrize("size", [0, 1, MOST_BYTES])
def test_what_is_read_is_the_whole_file(tmp_path: Path, at_once: AtOnce, size: int) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    content = os.urandom(size)
    file.write_bytes(content)
    link.symlink_to(file)
    for path in (file, link):
        # None where the file system of this machine cannot say at once.
        assert at_once.read(str(path), limit=size) in (content, None)
    assert at_once.read(str(file), limit=size - 1) is None
    file.write_bytes(b"other")
    assert at_once.read(str(file), limit=100) in (b"other", None)


def test_pipes_links_and_odd_paths_are_left_to_a_thread(tmp_path: Path, at_once: AtOnce) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "big").write_bytes(bytes(MOST_BYTES + 1))
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "big", tmp_path / "none", "relative\0"):
        assert at_once.read(str(path), limit=1 << 20) is None
    assert at_once.status(str(tmp_path / "link")) is None
    assert at_once.status(str(tmp_path / "none")) is None
    assert at_once.status("a\0b") is None


async def test_a_second_answer_about_a_path_is_as_the_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    files = LocalFiles()
    for path in (tmp_path / "file", tmp_path / "link", tmp_path):
        first, second = await files.metadata(str(path)), await files.metadata(str(path))
        assert first == second
        found = os.stat(path)
        assert (first.is_folder, first.is_link) == (path.is_dir(), path.is_symlink())
        assert first.modified_ms == found.st_mtime_ns // 1_000_000
    for name in ("file", "link"):
        first, second = [await files.read_base64(str(tmp_path / name), limit=100) for _ in range(2)]
        assert first == second == [b"Y29udGVudA=="]
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            await files.metadata(str(tmp_path / "none"))


def test_a_status_is_what_stat_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    found, expected = status(str(tmp_path / "file")), os.stat(tmp_path / "file")
    assert found is not None
    assert (found.mode, found.size, found.modified_ms) == (expected.st_mode, 7, expected.st_mtime_ns // 1_000_000)
    assert status(str(tmp_path / "none")) is None
