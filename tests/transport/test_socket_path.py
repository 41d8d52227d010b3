"""Taking the place of a unix socket: modes, what is there already, long paths, and what is left behind."""

import fcntl
import os
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.transport.listen import ListenRefused
from codex_trio.transport.socket_path import address_of, bound_socket, default_socket_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a path short enough for sockets."""
    assert len(str(tmp_path)) < 90
    return tmp_path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(address_of(path))
        except OSError:
            return False
        return True


def leave_stale_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Provide what another process does while it starts."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def long_path(folder: Path) -> Path:
    deep = folder / ("d" * 100)
    deep.mkdir()
    return deep / "app-server.sock"


async def test_only_this_user_can_connect_and_nothing_is_left_behind(folder: Path) -> None:
    path = default_socket_path(folder)
    umask = os.umask(0)
    try:
        async with bound_socket(path):
            assert connects(path)
            assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
            assert list(path.parent.iterdir()) == [path]
    finally:
        os.umask(umask)
    assert list(path.parent.iterdir()) == []


async def test_an_existing_folder_keeps_its_mode(folder: Path) -> None:
    (folder / "open").mkdir(mode=0o755)
    async with bound_socket(folder / "open" / "s"):
        assert mode_of(folder / "open") == 0o755


async def test_a_folder_may_be_a_link(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")
    async with bound_socket(folder / "link" / "s"):
        assert connects(folder / "real" / "s")


async def test_the_socket_of_a_server_that_was_killed_is_replaced(folder: Path) -> None:
    leave_stale_socket(folder / "s")
    async with bound_socket(folder / "s"):
        assert connects(folder / "s")


async def test_a_link_that_0_169_left_behind_is_replaced(folder: Path) -> None:
    leave_stale_socket(folder / "target")
    for target in (folder / "target", folder / "gone"):
        (folder / "s").symlink_to(target)
        async with bound_socket(folder / "s"):
            assert connects(folder / "s")
            assert not (folder / "s").is_symlink()


async def test_a_second_server_on_a_live_socket_is_refused_and_does_no_harm(folder: Path) -> None:
    path = folder / "s"
    async with bound_socket(path):
        with pytest.raises(ListenRefused, match=rf"^app-server control socket is already in use at {path}$"):
            async with bound_socket(path):
                pass
        assert connects(path)


async def test_a_server_of_0_169_behind_its_link_is_a_live_server(folder: Path) -> None:
    async with bound_socket(folder / "target"):
        (folder / "s").symlink_to("target")
        with pytest.raises(ListenRefused, match="already in use"):
            async with bound_socket(folder / "s"):
                pass
        assert (folder / "s").is_symlink()


@pytest.mark.parametrize("link", [False, True], ids=["at the path", "behind a link"])
async def test_what_is_no_socket_is_not_touched(folder: Path, *, link: bool) -> None:
    (folder / "notes").write_text("important")
    path = folder / "notes"
    if link:
        path = folder / "s"
        path.symlink_to("notes")
    with pytest.raises(ListenRefused, match=rf"^app-server control socket path exists and is not a socket: {path}$"):
        async with bound_socket(path):
            pass
    assert path.read_text() == "important"


async def test_a_place_that_cannot_be_is_refused_with_its_name(folder: Path) -> None:
    (folder / "file").touch()
    refused = {
        folder / "missing" / "too" / "s": r"missing/too/s: No such file or directory \(os error 2\)",
        folder / "file" / "s": "is not a directory: .*/file",
    }
    for path, text in refused.items():
        with pytest.raises(ListenRefused, match=text):
            async with bound_socket(path):
                pass


async def test_a_server_waits_while_another_one_takes_a_place_in_the_same_folder(folder: Path) -> None:
    ready = trio.Event()

    async def start() -> None:
        async with bound_socket(folder / "s"):
            ready.set()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            with locked(folder):
                nursery.start_soon(start)
                await trio.sleep(0.1)
                assert not ready.is_set()
            await ready.wait()


async def test_a_server_that_never_gets_ready_does_not_hold_up_others_for_ever(
    folder: Path, autojump_clock: trio.testing.MockClock
) -> None:
    with locked(folder), trio.fail_after(60), pytest.raises(ListenRefused, match="another server is starting in"):
        async with bound_socket(folder / "s"):
            pass


async def test_the_place_of_a_successor_is_left_alone(folder: Path) -> None:
    path = folder / "s"
    async with bound_socket(path):
        path.unlink()
        leave_stale_socket(path)
    assert path.is_socket()


async def test_a_path_too_long_for_a_socket_address_works_through_a_link(folder: Path) -> None:
    path = long_path(folder)
    async with bound_socket(path):
        assert connects(path)
        short = path.readlink()
        assert (mode_of(short), mode_of(short.parent)) == (0o600, 0o700)
        with pytest.raises(ListenRefused, match=rf"already in use at {path}$"):
            async with bound_socket(path):
                pass
    assert not path.is_symlink()
    assert not short.exists()


async def test_a_long_path_whose_server_was_killed_is_taken_again(folder: Path) -> None:
    path = long_path(folder)
    async with bound_socket(path):
        short = path.readlink()
    leave_stale_socket(short)
    path.symlink_to(short)
    async with bound_socket(path):
        assert connects(path)


def test_a_long_path_that_links_nowhere_short_cannot_be_connected_to(folder: Path) -> None:
    path = long_path(folder)
    path.touch()
    with pytest.raises(OSError, match="longer than 107 bytes"):
        address_of(path)
