"""Trees of files are removed however deep they are, never through a link, and no further once nobody waits."""

import errno
import os
import threading
from pathlib import Path

import pytest
import trio

from codex_trio.files import trees
from codex_trio.files.local import LocalFiles


def nothing() -> None:
    """Never stops."""


def test_a_tree_is_removed_that_is_deeper_than_any_path_may_be_long(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    trees.remove(str(top), recursive=True, force=False, check=nothing)
    assert os.listdir(tmp_path) == []


def test_what_links_lead_to_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "f").touch()
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to("../kept")
    trees.remove(str(tmp_path / "top"), recursive=True, force=False, check=nothing)
    assert os.listdir(tmp_path / "kept") == ["f"]


async def test_a_removal_that_nobody_waits_for_any_more_goes_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
    reached, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    unlink, close = os.unlink, os.close
    remover: list[int] = []

    def slow_unlink(name: str, *, dir_fd: int | None = None) -> None:
        remover.append(threading.get_ident())
        reached.set()
        assert go_on.wait(60)
        unlink(name, dir_fd=dir_fd)

    def noted_close(descriptor: int) -> None:
        close(descriptor)
        if threading.get_ident() in remover:
            ended.set()

    with monkeypatch.context() as disk:
        disk.setattr(os, "unlink", slow_unlink)
        disk.setattr(os, "close", noted_close)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: LocalFiles().remove(str(tmp_path), recursive=True, force=False))
            assert await trio.to_thread.run_sync(reached.wait, 60)
            nursery.cancel_scope.cancel()
        go_on.set()
        assert await trio.to_thread.run_sync(ended.wait, 60)
    assert (len(remover), len(os.listdir(tmp_path))) == (1, 2)


@pytest.mark.parametrize("path", ["/", "//", "/proc/self/root", "/usr/.."])
def test_the_root_of_all_is_not_removed_under_any_name(path: str) -> None:
    def stop() -> None:
        # Before the first file would go.
        raise AssertionError("it began")

    with pytest.raises(OSError, match="the root folder is not removed") as refused:
        trees.remove(f"{path}/" if path == "/proc/self/root" else path, recursive=True, force=True, check=stop)
    assert refused.value.errno == errno.EPERM


@pytest.mark.parametrize("before", [None, b"before"])
def test_a_copy_that_is_stopped_leaves_no_part_of_a_new_file(tmp_path: Path, before: bytes | None) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(2 << 20))
    if before is not None:
        target.write_bytes(before)
    sizes: list[int] = []

    def stop() -> None:
        sizes.append(target.stat().st_size)
        if len(sizes) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trees.copy(str(source), str(target), recursive=False, check=stop)
    assert sizes == [0, 1 << 20]
    # What was there may have other names, and stays the file that it is.
    assert target.exists() == (before is not None)
