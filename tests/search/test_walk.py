"""Walks come to an end wherever they begin, and it is said when something was left out."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
import trio

from codex_trio.files.watches import FileWatches
from codex_trio.search.chunks import ChunkBuilder
from codex_trio.search.search import FileSearch
from codex_trio.search.walk import WalkLimits, WalkPlan, kernel_mounts, walking

PATIENCE = 60.0
END = "all has been told"


@asynccontextmanager
async def searching(limits: WalkLimits | None = None) -> AsyncGenerator[FileSearch]:
    watches = FileWatches()
    search = FileSearch(watches, limits=limits)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watches.run)
            nursery.start_soon(search.run)
            yield search
            nursery.cancel_scope.cancel()


async def searched(search: FileSearch, *roots: str | Path, query: str = "f") -> tuple[list[str], str | None]:
    """Return what is found, and what was left out."""
    paths: list[str] = []
    async with search.listing([(str(root), str(root)) for root in roots]) as listing:
        async with aclosing(search.hits(listing, query)) as reports:
            async for hits in reports:
                paths = [hit.path for hit in hits]
        return paths, listing.shortcoming


async def walked(folder: Path, *, limits: WalkLimits, leave_out: Sequence[str] = ()) -> tuple[set[str], bool]:
    """Return the paths below a folder, and whether there may be more."""
    found: list[str] = []
    with trio.fail_after(PATIENCE):
        plan = WalkPlan(folders=[str(folder)], leave_out=leave_out)
        async with walking(lambda: plan, limits=limits) as walk:
            await walk.read(lambda text: found.extend(text.split("\0")), end=lambda: found.append(END))
    assert found.pop() == END
    return {path.removeprefix(f"{folder}/") for path in found}, walk.is_cut


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("folder", ["/proc", "/proc/self"])
async def test_what_the_kernel_makes_up_is_not_searched(folder: str) -> None:
    async with searching() as search:
        assert await searched(search, folder) == (
            [],
            f"not searched, since the kernel makes up its files: {folder}",
        )


async def test_other_roots_are_searched_all_the_same(tmp_path: Path) -> None:
    async with searching() as search:
        paths, left_out = await searched(search, "/proc", filled(tmp_path, "first"))
    assert paths == ["first"]
    assert left_out is not None


async def test_roots_that_are_no_folders_are_named(tmp_path: Path) -> None:
    roots = ["/proc", filled(tmp_path, "first"), tmp_path / "none", tmp_path / "first"]
    async with searching() as search:
        paths, left_out = await searched(search, *roots)
        assert paths == ["first"]
        assert left_out is not None
        refused, _, missing = left_out.partition("; ")
        assert refused == "not searched, since the kernel makes up its files: /proc"
        assert missing == f"not searched, since there is no such folder: {tmp_path}/first, {tmp_path}/none"
        (tmp_path / "none").mkdir()
        assert (await searched(search, tmp_path / "none"))[1] is None


async def test_a_walk_ends_after_so_many_files_and_says_so(tmp_path: Path) -> None:
    filled(tmp_path, *(f"f{number}" for number in range(5)))
    everything, is_cut = await walked(tmp_path, limits=WalkLimits(files=5))
    assert (len(everything), is_cut) == (5, False)
    some, is_cut = await walked(tmp_path, limits=WalkLimits(files=4))
    assert (len(some), is_cut) == (4, True)
    async with searching(WalkLimits(files=3)) as search:
        paths, left_out = await searched(search, tmp_path)
    assert (len(paths), left_out) == (3, "only the first files were searched: a search ends after 3 files or 15 s")


async def test_links_that_lead_round_and_round_are_followed_for_so_long_only(tmp_path: Path) -> None:
    places = range(12)
    for place in places:
        filled(tmp_path, f"{place}/file")
        for other in places:
            (tmp_path / f"{place}" / f"to{other}").symlink_to(f"../{other}")
    _, is_cut = await walked(tmp_path, limits=WalkLimits(seconds=0.2))
    assert is_cut


async def test_folders_are_left_out_whatever_their_names(tmp_path: Path) -> None:
    odd = "a[b]{c}*?\\!"
    filled(tmp_path, f"{odd}/in/file", "a/file", f"sub/{odd}/file")
    found, _ = await walked(tmp_path, limits=WalkLimits(), leave_out=[f"{tmp_path}/{odd}"])
    assert found == {"a/file", f"sub/{odd}/file"}


def test_what_is_mounted_below_a_root_is_left_out_where_the_kernel_makes_it_up(tmp_path: Path) -> None:
    mounts = {"/": False, f"{tmp_path}/proc": True, f"{tmp_path}/disk": False, "/elsewhere": True}
    builder = ChunkBuilder([(str(tmp_path), "root")], lambda _: None)
    assert builder.begin(mounts) == WalkPlan(folders=[str(tmp_path)], leave_out=[f"{tmp_path}/proc"])
    assert builder.refused == []
    assert kernel_mounts()["/proc"]
