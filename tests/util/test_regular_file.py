"""Files are read up to a bound, and what is no regular file is refused at once."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.util.abandonable import abandonable
from codex_trio.util.regular_file import (
    FileTooLarge,
    NotARegularFile,
    open_regular_file,
    read_given,
    read_start,
    read_whole,
    write_given,
)


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000)
    assert read_whole(path, limit=3_000_000) == b"x" * 3_000_000
    with pytest.raises(FileTooLarge, match="larger than 2999999 bytes"):
        read_whole(path, limit=2_999_999)
    assert read_start(path, limit=10) == b"x" * 10
    assert read_start(path, limit=4_000_000) == b"x" * 3_000_000


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    assert read_whole(tmp_path / "link", limit=10) == b"text"


def test_an_open_file_can_be_read_piece_by_piece(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abcdef")
    with open_regular_file(tmp_path / "file") as file:
        assert (file.read(2), file.read(10)) == (b"ab", b"cdef")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("pipe", "is a named pipe"), ("socket", "is a socket"), ("folder", "is a folder"), ("zero", "is a device")],
)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(tmp_path / "socket"))
        with pytest.raises(NotARegularFile) as caught:
            read_whole(tmp_path / name, limit=10)
    assert kind in str(caught.value.strerror)
    assert caught.value.filename == os.fspath(tmp_path / name)


def test_a_refused_file_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    before = os.listdir("/proc/self/fd")
    # Replaced between the look at it and its opening.
    found = os.stat(tmp_path / "file")

    def stat_before(_path: Path, **_how: object) -> os.stat_result:
        return found

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", stat_before)
        with pytest.raises(NotARegularFile, match="named pipe"):
            open_regular_file(tmp_path / "pipe")
    assert os.listdir("/proc/self/fd") == before


def test_the_system_says_why_a_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none", limit=10)
    with pytest.raises(ValueError, match="null"):
        read_whole("a\0b", limit=10)


async def test_work_in_a_thread_gives_its_result_or_error() -> None:
    assert await abandonable(60, int, "17", base=8) == 15
    with pytest.raises(ValueError, match="invalid literal"):
        await abandonable(60, int, "none")


async def test_work_that_hangs_is_left_behind_when_its_time_is_over(autojump_clock: trio.testing.MockClock) -> None:
    release = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="did not answer within 5 seconds") as caught:
            await abandonable(5, release.wait, 30)
        assert caught.value.errno == errno.ETIMEDOUT
        # Any number of such threads keep nobody else waiting.
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(_timed_out, release)
        assert trio.current_time() < 20
    finally:
        release.set()


async def _timed_out(release: threading.Event) -> None:
    with pytest.raises(TimeoutError):
        await abandonable(5, release.wait, 30)


async def test_work_that_hangs_is_left_behind_when_its_caller_is_cancelled() -> None:
    release = threading.Event()
    started = threading.Event()

    def hang() -> None:
        started.set()
        release.wait(30)

    try:
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(abandonable, 3600, hang)
                await trio.to_thread.run_sync(started.wait, 10)
                nursery.cancel_scope.cancel()
    finally:
        release.set()


def test_a_file_given_by_hand_may_be_a_pipe_that_somebody_writes_to_or_reads(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Open for both, so that it has a writer and a reader from the start.
    other_end = os.open(pipe, os.O_RDWR)
    write_given(pipe, b"text")
    assert os.read(other_end, 10) == b"text"
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.append(read_given(pipe, limit=10)), daemon=True)
    reading.start()
    os.write(other_end, b"more")
    # What nobody has read yet goes when the last end is closed.
    for _ in range(1000):
        if select.select([other_end], [], [], 0)[0] == []:
            break
        time.sleep(0.01)
    os.close(other_end)
    reading.join(10)
    assert found == [b"more"]


def test_a_file_given_by_hand_is_never_waited_for_without_an_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert read_given(pipe, limit=10) == b""
    with pytest.raises(OSError, match="No such device or address"):
        write_given(pipe, b"text")
    with pytest.raises(FileTooLarge, match="larger than 10 bytes"):
        read_given("/dev/zero", limit=10)
    write_given(tmp_path / "file", b"longer text")
    write_given(tmp_path / "file", b"text")
    assert read_given(tmp_path / "file", limit=4) == b"text"
