"""What other releases left open for everybody is the owner's alone once this one uses it."""

import os
from pathlib import Path

import pytest
from store_lab import FilesHome

from codex_trio.state.db.initializer import open_state_db
from codex_trio.state.local.names import ThreadNames
from codex_trio.util.private_folder import close_to_others, make_private_folder


def modes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def open_to_all(folder: Path) -> None:
    for each in folder.rglob("*"):
        each.chmod(0o755 if each.is_dir() else 0o644)


async def test_files_and_folders_that_are_used_are_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    await (await open_state_db(path)).aclose()
    ThreadNames(tmp_path).set("a", "name")
    make_private_folder(tmp_path / "sessions" / "day")
    open_to_all(tmp_path)
    database = await open_state_db(path)
    try:
        home = FilesHome(tmp_path, database)
        await home.add("hello")
        ThreadNames(tmp_path).set("a", "other")
        make_private_folder(tmp_path / "sessions" / "day")
        found = {name: mode for name, mode in modes(tmp_path).items() if name != "sessions" and mode & 0o077}
        assert found == {}
    finally:
        await database.aclose()


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o666, 0o600), (0o400, 0o400), (0o755, 0o700)])
def test_the_owner_keeps_what_the_owner_may(tmp_path: Path, before: int, after: int) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(before)
    close_to_others(file)
    assert file.stat().st_mode & 0o777 == after
    descriptor = os.open(file, os.O_RDONLY)
    os.fchmod(descriptor, before)
    close_to_others(descriptor)
    os.close(descriptor)
    assert file.stat().st_mode & 0o777 == after
    close_to_others(tmp_path / "missing")
