"""What a watch of a path tells, whatever is there, and that nothing is held for it afterwards."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.lowlevel

from codex_trio.files.watches import FileWatches, Watch

PATIENCE = 60.0


@asynccontextmanager
async def running(watches: FileWatches | None = None) -> AsyncGenerator[FileWatches]:
    watches = watches or FileWatches(quiet_seconds=0.02)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watches.run)
            yield watches
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def watching(path: Path, watches: FileWatches | None = None) -> AsyncGenerator[Watch]:
    async with running(watches) as running_watches, running_watches.watch(str(path)) as watch:
        yield watch


async def told(watch: Watch, *expected: Path) -> None:
    """Wait until all these paths were told, and see that no others were."""
    paths: set[str] = set()
    while not paths >= {str(path) for path in expected}:
        paths |= set(await watch.changes())
    assert paths == {str(path) for path in expected}


def replace(path: Path) -> None:
    """Put another file there at once, as editors do."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text("other")
    draft.rename(path)


async def test_a_folder_tells_what_becomes_of_its_names_and_of_itself(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").write_text("x")
    async with watching(folder) as watch:
        (folder / "new").write_text("x")
        await told(watch, folder / "new")
        (folder / "old").rename(folder / "renamed")
        await told(watch, folder / "old", folder / "renamed")
        (folder / "sub").mkdir()
        (folder / "sub" / "deeper").write_text("x")
        (folder / "new").read_text()
        (folder / "renamed").chmod(0o600)
        await told(watch, folder / "sub", folder / "renamed")
        shutil.rmtree(folder)
        folder.mkdir()
        await told(watch, folder, folder / "new", folder / "renamed", folder / "sub")
        (folder / "again").write_text("x")
        await told(watch, folder / "again")


async def test_a_file_is_followed_through_every_way_of_changing_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    async with watching(file) as watch:
        for change in (
            lambda: file.write_text("changed"),
            lambda: replace(file),
            lambda: file.write_text("changed once more"),
            lambda: file.chmod(0o600),
            file.unlink,
            lambda: os.mkfifo(file),
            lambda: file.rename(tmp_path / "elsewhere"),
            lambda: (tmp_path / "beside").write_text("x") and file.write_text("x"),
        ):
            change()
            await told(watch, file)


async def test_what_is_missing_is_told_of_when_it_comes_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "no" / "such" / "file"
    async with running() as watches, watches.watch(str(file)) as watch, watches.watch(str(tmp_path)) as witness:
        file.parent.mkdir(parents=True)
        await told(witness, tmp_path / "no")
        (file.parent / "other").write_text("x")
        file.write_text("x")
        await told(watch, file)
        shutil.rmtree(tmp_path / "no")
        await told(watch, file)
        (file / "in it").mkdir(parents=True)
        await told(watch, file)
        (file / "more").mkdir()
        await told(watch, file / "more")


@pytest.mark.parametrize("is_folder", [True, False])
async def test_a_link_is_followed_and_tells_when_it_leads_elsewhere(tmp_path: Path, *, is_folder: bool) -> None:
    link = tmp_path / "link"
    targets = [tmp_path / "links" / "deeper" / "one", tmp_path / "two"]
    for target in targets:
        target.mkdir(parents=True)
    (tmp_path / "short").symlink_to(targets[0].parent)
    link.symlink_to("short/one" if is_folder else "short/one/file")
    path = link if not is_folder else link / "file"
    async with watching(link) as watch:
        (targets[0] / "file").write_text("x")
        await told(watch, path)
        (tmp_path / "new").symlink_to(targets[1] if is_folder else targets[1] / "file")
        (tmp_path / "new").rename(link)
        await told(watch, link)
        (targets[0] / "file").write_text("nobody is told of this one")
        (targets[1] / "file").write_text("x")
        await told(watch, path)


async def test_a_folder_on_the_way_may_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    async with watching(file) as watch:
        (tmp_path / "a").rename(tmp_path / "old")
        await told(watch, file)
        file.parent.mkdir(parents=True)
        file.write_text("x")
        await told(watch, file)
        file.write_text("changed")
        await told(watch, file)


async def test_what_changes_together_is_told_together(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        for number in range(40):
            (tmp_path / f"{number:02}").write_text("x")
        (tmp_path / "00").write_text("once more")
        paths = [str(tmp_path / f"{number:02}") for number in range(40)]
        assert await watch.changes() == paths


async def test_of_more_changes_than_are_kept_only_the_watched_path_is_told(tmp_path: Path) -> None:
    async with running() as watches, watches.watch(str(tmp_path)) as watch:
        for number in range(4200):
            os.mknod(tmp_path / str(number))
            if number % 500 == 0:
                await trio.lowlevel.checkpoint()
        (tmp_path / "last").mkdir()
        async with watches.watch(str(tmp_path / "last")) as later:
            (tmp_path / "last").rmdir()
            await told(later, tmp_path / "last")
        assert str(tmp_path) in await watch.changes()


async def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    async with watching(tmp_path) as watch:
        os.mkdir(os.fsencode(tmp_path) + b"/\xff\xfe.txt")
        assert await watch.changes() == [f"{tmp_path}/\ufffd\ufffd.txt"]


@pytest.mark.parametrize("budget", [0, 3])
async def test_beyond_the_budget_is_looked_again_and_again(tmp_path: Path, budget: int) -> None:
    file = tmp_path / "no" / "file"
    watches = FileWatches(budget=budget, look_seconds=0.01, quiet_seconds=0.02)
    async with running(watches), watches.watch(str(file)) as watch, watches.watch(str(tmp_path)) as of_folder:
        assert watches.folders <= budget
        file.parent.mkdir()
        await told(of_folder, file.parent)
        file.write_text("x")
        await told(watch, file)
        replace(file)
        await told(watch, file)
        shutil.rmtree(file.parent)
        await told(watch, file)
        await told(of_folder, file.parent)


def instances() -> int:
    """Return how many inotify instances this process has."""
    return sum(_leads_to(name) == "anon_inode:inotify" for name in os.listdir("/proc/self/fd"))


def _leads_to(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


async def test_many_watches_share_one_instance_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    before = instances()

    async def hold(watches: FileWatches, path: Path, *, task_status: trio.TaskStatus[None]) -> None:
        async with watches.watch(str(path)) as watch:
            task_status.started()
            await watch.changes()

    async with running() as watches:
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for _ in range(100):
                    await nursery.start(hold, watches, tmp_path / "file")
                    await nursery.start(hold, watches, tmp_path)
                assert (watches.folders, instances()) == (len(tmp_path.parts), before + 1)
                (tmp_path / "file").write_text("all are told")
            assert (watches.folders, instances()) == (0, before)


async def test_no_path_is_watched_that_is_none(tmp_path: Path) -> None:
    async with running() as watches:
        with pytest.raises(ValueError, match="NUL"):
            async with watches.watch(f"{tmp_path}/a\0b"):
                pass
        with pytest.raises(OSError, match="File name too long"):
            async with watches.watch(f"{tmp_path}/{'é' * 128}/b"):
                pass
        (tmp_path / "loop").symlink_to("loop")
        async with watches.watch(str(tmp_path / "loop")) as watch:
            (tmp_path / "loop").unlink()
            (tmp_path / "loop").write_text("x")
            await told(watch, tmp_path / "loop")
        assert watches.folders == 0
