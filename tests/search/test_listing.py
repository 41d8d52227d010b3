"""Files are listed once for many queries, and what comes and goes meanwhile is found all the same."""

import os
import subprocess
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
import trio

from codex_trio.files.watches import FileWatches
from codex_trio.search.listing import FileListing
from codex_trio.search.search import FileSearch

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _nothing_of_the_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore files of the account count for no test."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("src/main.py", "src/.hidden", "ignored/main.o", "notes.log"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    subprocess.run(
        ["git", "init", "-q", str(root)], check=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    )
    (root / ".gitignore").write_text("ignored/\n*.log\n")
    return root


@asynccontextmanager
async def searching(watches: FileWatches | None = None, *, true_seconds: float = 60.0) -> AsyncGenerator[FileSearch]:
    watches = watches or FileWatches()
    search = FileSearch(watches, true_seconds=true_seconds)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watches.run)
            nursery.start_soon(search.run)
            yield search
            nursery.cancel_scope.cancel()


async def listed(listing: FileListing) -> set[str]:
    """Return the paths, without those of git itself."""
    paths: set[str] = set()
    async with aclosing(listing.chunks()) as chunks:
        async for some in chunks:
            paths.update(path for chunk in some for path in chunk.paths if not path.startswith(".git/"))
    return paths - {"", ".git"}


async def found(search: FileSearch, listing: FileListing, query: str) -> list[str]:
    paths: list[str] = []
    async with aclosing(search.hits(listing, query)) as reports:
        async for hits in reports:
            paths = [hit.path for hit in hits]
    return paths


async def test_what_git_ignores_is_left_out_and_what_is_hidden_is_not(tree: Path) -> None:
    async with searching() as search, search.listing([(str(tree), "tree")]) as listing:
        assert await listed(listing) == {".gitignore", "src", "src/main.py", "src/.hidden"}
        assert await found(search, listing, "main") == ["src/main.py"]


@pytest.mark.parametrize("budget", [1000, 1])
async def test_what_comes_and_goes_is_noticed(tree: Path, budget: int) -> None:
    # Beyond the budget a list is true for a while, and here for none.
    async with (
        searching(FileWatches(budget=budget), true_seconds=0.0) as search,
        search.listing([(str(tree), "tree")]) as listing,
    ):
        expected = {".gitignore", "src", "src/main.py", "src/.hidden"}
        assert await listed(listing) == expected
        (tree / "src" / "deep" / "er").mkdir(parents=True)
        (tree / "src" / "deep" / "er" / "new.py").write_text("x")
        await until_listed(listing, expected | {"src/deep", "src/deep/er", "src/deep/er/new.py"})
        (tree / "src" / "deep" / "er" / "newer.py").write_text("x")
        (tree / "src" / "main.py").unlink()
        (tree / "src" / "ignored.log").write_text("x")
        expected = {".gitignore", "src", "src/.hidden", "src/deep", "src/deep/er"}
        await until_listed(listing, expected | {"src/deep/er/new.py", "src/deep/er/newer.py"})
        with (tree / ".gitignore").open("a") as file:
            file.write("new*\n")
        await until_listed(listing, {".gitignore", "src", "src/.hidden"})


async def until_listed(listing: FileListing, expected: set[str]) -> None:
    """Wait until these are all: what the kernel tells takes a moment."""
    while (paths := await listed(listing)) != expected:
        del paths
        await trio.sleep(0.01)


async def test_a_list_is_made_once_while_nothing_changes(tree: Path) -> None:
    for folder, _, _ in os.walk(tree):
        # What changed just before it was listed may have changed meanwhile.
        os.utime(folder, (1, 1))
    async with searching() as search, search.listing([(str(tree), "tree")]) as listing:
        first = await chunks_of(listing)
        assert await chunks_of(listing) == first
        draft = tree / "src" / "draft"
        draft.write_text("other")
        draft.rename(tree / "src" / "main.py")
        assert await chunks_of(listing) == first
        async with search.listing([(str(tree), "tree")]) as same:
            assert same is listing


async def chunks_of(listing: FileListing) -> list[int]:
    async with aclosing(listing.chunks()) as chunks:
        return [id(chunk) async for some in chunks for chunk in some]


async def test_odd_names_pipes_and_missing_roots_do_no_harm(tree: Path) -> None:
    (tree / "src" / "file\nwith a line").write_text("x")
    os.mkfifo(tree / "src" / "pipe")
    os.mknod(os.fsencode(tree) + b"/src/\xff\xfe")
    (tree / "src" / "loop").symlink_to("../src")
    roots = [(str(tree / "none"), "none"), (str(tree / "src" / "main.py"), "file"), (str(tree), "tree")]
    async with searching() as search, search.listing(roots) as listing:
        assert await found(search, listing, "with line") == ["src/file\nwith a line"]
        assert await found(search, listing, "\ufffd") == ["src/\ufffd\ufffd"]
    async with searching() as search, search.listing(roots[:2]) as listing:
        assert await listed(listing) == set()


async def test_of_roots_in_one_another_the_deepest_has_what_is_in_it(tree: Path) -> None:
    async with searching() as search, search.listing([(str(tree), "tree"), (str(tree / "src"), "src")]) as listing:
        async with aclosing(search.hits(listing, "main")) as reports:
            hits = [hit async for report in reports for hit in report]
        assert [(hit.root, hit.path) for hit in hits] == [("src", "main.py")] * 2


async def test_a_search_that_is_given_up_leaves_no_process() -> None:
    others = children()
    async with searching() as search:
        async with search.listing([("/", "/")]) as listing, aclosing(listing.chunks()) as chunks:
            async for _ in chunks:
                break
            assert [name for pid, name in children().items() if pid not in others] == ["rg"]
        while not children().keys() <= others.keys():  # noqa: ASYNC110 (nobody tells of the end of a process)
            await trio.sleep(0.001)


def children() -> dict[str, str]:
    """Return the ids and names of this process's children, zombies too, some of which other tests may have left."""
    return {pid: name for task in Path("/proc/self/task").iterdir() for pid, name in children_of(task)}


def children_of(task: Path) -> list[tuple[str, str]]:
    try:
        pids = (task / "children").read_text().split()
        return [(pid, Path(f"/proc/{pid}/comm").read_text("utf-8").strip()) for pid in pids]
    except (FileNotFoundError, ProcessLookupError):
        # The thread, or a child, is gone since it was named.
        return []
