"""Files of this machine, told and changed: names that are no text, and what a folder tells of its entries."""

import base64
import os
from pathlib import Path

import pytest

from codex_trio.files.local import LocalFiles, place_of
from codex_trio.util.regular_file import FileTooLarge

ODD = b"caf\xe9"
SHOWN = "caf\ufffd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds a folder with a file, the names of both of which are no text."""
    os.mkdir(os.fsencode(tmp_path) + b"/" + ODD)
    with open(os.fsencode(tmp_path) + b"/" + ODD + b"/" + ODD, "wb") as file:
        file.write(b"content")
    return tmp_path


async def test_what_is_told_of_a_name_that_is_no_text_leads_to_its_file(folder: Path) -> None:
    files = LocalFiles()
    assert [name for name, _ in await files.entries(str(folder))] == [SHOWN]
    path = f"{folder}/{SHOWN}/{SHOWN}"
    assert [name for name, _ in await files.entries(f"{folder}/{SHOWN}")] == [SHOWN]
    assert (await files.metadata(path)).is_file
    assert await files.read_base64(path, limit=100) == [base64.b64encode(b"content")]
    await files.write(path, [b"oth", b"er"])
    await files.copy(path, f"{folder}/copy", recursive=False)
    assert (folder / "copy").read_bytes() == b"other"
    await files.remove(f"{folder}/{SHOWN}", recursive=True, force=False)
    assert os.listdir(folder) == ["copy"]


async def test_what_is_made_in_a_folder_whose_name_is_no_text_is_made_there(folder: Path) -> None:
    files, there = LocalFiles(), os.fsencode(folder) + b"/" + ODD
    await files.make_folder(f"{folder}/{SHOWN}/new/er", parents=True)
    await files.make_folder(f"{folder}/{SHOWN}/\ufffd", parents=False)
    await files.write(f"{folder}/{SHOWN}/new/file", [b"x"])
    await files.copy(f"{folder}/{SHOWN}/new", f"{folder}/{SHOWN}/copied", recursive=True)
    assert sorted(os.listdir(there)) == [ODD, b"copied", b"new", "\ufffd".encode()]
    assert sorted(os.listdir(there + b"/copied")) == [b"er", b"file"]
    assert os.listdir(os.fsencode(folder)) == [ODD]
    assert await place_of(f"{folder}/{SHOWN}/not there") == os.fsdecode(there + b"/not there")


async def test_of_two_names_that_are_shown_alike_none_is_taken_for_the_other(folder: Path) -> None:
    os.mkdir(os.fsencode(folder) + b"/caf\xe8")
    with pytest.raises(FileNotFoundError):
        await LocalFiles().remove(f"{folder}/{SHOWN}", recursive=True, force=False)
    (folder / SHOWN).touch()
    assert (await LocalFiles().metadata(f"{folder}/{SHOWN}")).is_file


@pytest.mark.parametrize("size", [0, 1, 3 * 128 * 1024 - 1, 3 * 128 * 1024, 3 * 128 * 1024 + 1])
async def test_a_file_is_told_in_pieces_of_base64_that_add_up(tmp_path: Path, size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "file").write_bytes(content)
    pieces = await LocalFiles().read_base64(str(tmp_path / "file"), limit=size)
    assert base64.b64decode(b"".join(pieces)) == content
    if size:
        with pytest.raises(FileTooLarge):
            await LocalFiles().read_base64(str(tmp_path / "file"), limit=size - 1)


async def test_a_file_that_says_less_of_its_size_than_it_has_is_bounded_too() -> None:
    assert os.stat("/proc/self/status").st_size == 0
    with pytest.raises(FileTooLarge):
        await LocalFiles().read_base64("/proc/self/status", limit=10)
