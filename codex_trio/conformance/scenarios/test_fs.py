"""Files of the server's machine: read, written, listed, copied and removed for a client."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT, without_place

NOT_FOUND = (-32603, "No such file or directory (os error 2)")


async def refused(probe: Probe, method: str, **params: Any) -> tuple[int, str]:
    error = await probe.refusal(f"fs/{method}", params)
    return error.code, without_place(error.message)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def folder(lab: Lab) -> Path:
    """A file, a folder with one, and links to both and to nothing."""
    folder = lab.cwd / "files"
    (folder / "d").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one\n")
    (folder / "d" / "b.bin").write_bytes(bytes(range(256)))
    (folder / "link").symlink_to("a.txt")
    (folder / "links").symlink_to("d")
    (folder / "broken").symlink_to("nothing")
    return folder


async def test_a_file_is_read_and_written_whole(lab: Lab, folder: Path) -> None:
    async with lab.run() as probe:
        for name, content in (("a.txt", b"one\n"), ("link", b"one\n"), ("d/../links/b.bin", bytes(range(256)))):
            assert await probe.request("fs/readFile", {"path": f"{folder}/{name}"}) == {"dataBase64": encoded(content)}
        for name, content in (("new", b"\x00\xff"), ("link", b"two"), ("a.txt", b"")):
            params = {"path": f"{folder}/{name}", "dataBase64": encoded(content)}
            assert await probe.request("fs/writeFile", params) == {}
            assert (folder / name).read_bytes() == content
    assert (folder / "link").is_symlink()


async def test_big_files_and_full_folders_are_told_whole(lab: Lab, folder: Path) -> None:
    content = bytes(range(251)) * 5_000
    names = {f"file {number}" for number in range(1_200)}
    (folder / "full").mkdir()
    for name in names:
        (folder / "full" / name).touch()
    async with lab.run() as probe:
        params = {"path": f"{folder}/big", "dataBase64": encoded(content)}
        assert await probe.request("fs/writeFile", params) == {}
        assert (folder / "big").read_bytes() == content
        assert await probe.request("fs/readFile", {"path": f"{folder}/big"}) == {"dataBase64": encoded(content)}
        entries = (await probe.request("fs/readDirectory", {"path": f"{folder}/full"}))["entries"]
        assert {entry["fileName"] for entry in entries} == names
        assert {(entry["isDirectory"], entry["isFile"]) for entry in entries} == {(False, True)}


async def test_what_cannot_be_read_or_written_is_refused(lab: Lab, folder: Path) -> None:
    async with lab.run() as probe:
        assert await refused(probe, "readFile", path=f"{folder}/none") == NOT_FOUND
        assert await refused(probe, "readFile", path=f"{folder}/d") == (-32600, f"path `{folder}/d` is not a file")
        assert (await refused(probe, "readFile", path="a.txt"))[0] == -32600
        (folder / "big").touch()
        os.truncate(folder / "big", (512 << 20) + 1)
        too_large = (-32600, "file is too large to read: limit is 536870912 bytes")
        assert await refused(probe, "readFile", path=f"{folder}/big") == too_large
        assert await refused(probe, "writeFile", path=f"{folder}/no/f", dataBase64="") == NOT_FOUND
        is_folder = (-32603, "Is a directory (os error 21)")
        assert await refused(probe, "writeFile", path=f"{folder}/d", dataBase64="eA==") == is_folder
        for text, problem in (("***", "Invalid symbol 42, offset 0."), ("YQ", "Invalid padding")):
            answer = await refused(probe, "writeFile", path=f"{folder}/a.txt", dataBase64=text)
            assert answer == (-32600, f"fs/writeFile requires valid base64 dataBase64: {problem}")
    assert (folder / "a.txt").read_bytes() == b"one\n"


async def test_a_folder_is_made_with_those_above_it_unless_the_client_says_no(lab: Lab, folder: Path) -> None:
    async with lab.run() as probe:
        for _ in range(2):
            assert await probe.request("fs/createDirectory", {"path": f"{folder}/m/n"}) == {}
        assert (folder / "m" / "n").is_dir()
        assert await refused(probe, "createDirectory", path=f"{folder}/x/y", recursive=False) == NOT_FOUND
        exists = (-32603, "File exists (os error 17)")
        assert await refused(probe, "createDirectory", path=f"{folder}/m", recursive=False) == exists
        assert await refused(probe, "createDirectory", path=f"{folder}/a.txt") == exists


async def test_a_path_is_told_of_as_what_it_leads_to(lab: Lab, folder: Path) -> None:
    def told(*, folder: bool = False, file: bool = False, link: bool = False) -> dict[str, Any]:
        kinds = {"isDirectory": folder, "isFile": file, "isSymlink": link}
        return {**kinds, "createdAtMs": ANY_INT, "modifiedAtMs": 1_700_000_000_123}

    for name in ("a.txt", "d"):
        os.utime(folder / name, ns=(0, 1_700_000_000_123_456_789))
    async with lab.run() as probe:

        async def metadata(name: str) -> Any:
            return await probe.request("fs/getMetadata", {"path": f"{folder}/{name}"})

        assert await metadata("a.txt") == told(file=True)
        assert await metadata("link") == told(file=True, link=True)
        assert await metadata("links") == told(folder=True, link=True)
        for name in ("broken", "none"):
            assert await refused(probe, "getMetadata", path=f"{folder}/{name}") == NOT_FOUND


async def test_a_folder_is_listed_without_links_that_lead_nowhere(lab: Lab, folder: Path) -> None:
    async with lab.run() as probe:
        answer = await probe.request("fs/readDirectory", {"path": str(folder)})
        entries = {entry["fileName"]: (entry["isDirectory"], entry["isFile"]) for entry in answer["entries"]}
        is_file, is_folder = (False, True), (True, False)
        assert entries == {"a.txt": is_file, "link": is_file, "d": is_folder, "links": is_folder}
        assert await refused(probe, "readDirectory", path=f"{folder}/none") == NOT_FOUND
        no_folder = (-32603, "Not a directory (os error 20)")
        assert await refused(probe, "readDirectory", path=f"{folder}/a.txt") == no_folder


async def test_files_links_and_whole_folders_are_copied(lab: Lab, folder: Path) -> None:
    (folder / "a.txt").chmod(0o640)
    (folder / "d" / "sub").mkdir()
    (folder / "d" / "sub" / "l").symlink_to("../b.bin")
    async with lab.run() as probe:

        async def copy(source: str, target: str, **more: Any) -> None:
            params = {"sourcePath": f"{folder}/{source}", "destinationPath": f"{folder}/{target}", **more}
            assert await probe.request("fs/copy", params) == {}

        await copy("a.txt", "c.txt")
        await copy("link", "link2")
        for _ in range(2):
            (folder / "d2" / "sub" / "l").unlink(missing_ok=True)
            await copy("d", "d2", recursive=True)
    assert (folder / "c.txt").read_bytes() == b"one\n"
    assert (folder / "c.txt").stat().st_mode & 0o777 == 0o640
    assert os.readlink(folder / "link2") == "a.txt"
    assert (folder / "d2" / "b.bin").read_bytes() == bytes(range(256))
    assert os.readlink(folder / "d2" / "sub" / "l") == "../b.bin"


async def test_pipes_in_a_folder_are_left_out_of_its_copy(lab: Lab, folder: Path) -> None:
    os.mkfifo(folder / "d" / "a pipe")
    async with lab.run() as probe:
        params = {"sourcePath": f"{folder}/d", "destinationPath": f"{folder}/e", "recursive": True}
        assert await probe.request("fs/copy", params) == {}
    assert os.listdir(folder / "e") == ["b.bin"]


async def test_what_is_no_copy_is_refused(lab: Lab, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    async with lab.run() as probe:

        async def refusal(source: str, target: str, **more: Any) -> tuple[int, str]:
            paths = {"sourcePath": f"{folder}/{source}", "destinationPath": f"{folder}/{target}"}
            return await refused(probe, "copy", **paths, **more)

        assert await refusal("none", "x") == NOT_FOUND
        assert await refusal("a.txt", "no/x") == NOT_FOUND
        assert await refusal("a.txt", "d") == (-32603, "Is a directory (os error 21)")
        whole = (-32600, "fs/copy requires recursive: true when sourcePath is a directory")
        assert await refusal("d", "x") == whole
        inside = (-32600, "fs/copy cannot copy a directory to itself or one of its descendants")
        assert await refusal("d", "d/sub", recursive=True) == inside
        kinds = (-32600, "fs/copy only supports regular files, directories, and symlinks")
        assert await refusal("pipe", "x") == kinds
    assert sorted(os.listdir(folder / "d")) == ["b.bin"]


async def test_a_file_copied_onto_itself_keeps_its_content(lab: Lab, folder: Path) -> None:
    os.link(folder / "a.txt", folder / "other")
    async with lab.run() as probe:
        for target in ("a.txt", "link", "other"):
            paths = {"sourcePath": f"{folder}/a.txt", "destinationPath": f"{folder}/{target}"}
            assert await refused(probe, "copy", **paths) == (-32600, "fs/copy cannot copy a file to itself")
    assert (folder / "a.txt").read_bytes() == b"one\n"


async def test_files_links_and_whole_folders_are_removed(lab: Lab, folder: Path) -> None:
    (folder / "empty").mkdir()
    async with lab.run() as probe:

        async def remove(name: str, **more: Any) -> None:
            assert await probe.request("fs/remove", {"path": f"{folder}/{name}", **more}) == {}

        assert await refused(probe, "remove", path=f"{folder}/none", force=False) == NOT_FOUND
        not_empty = (-32603, "Directory not empty (os error 39)")
        assert await refused(probe, "remove", path=f"{folder}/d", recursive=False) == not_empty
        await remove("none", force=None, recursive=None)
        await remove("empty", recursive=False)
        for name in ("links", "broken", "a.txt"):
            await remove(name)
        assert (folder / "d" / "b.bin").exists()
        await remove("d")
    assert os.listdir(folder) == ["link"]


async def test_a_pipe_is_neither_waited_for_nor_written(lab: Lab, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    refusal = (-32600, f"path `{folder}/pipe` is not a file")
    async with lab.run() as probe:
        assert await refused(probe, "readFile", path=f"{folder}/pipe") == refusal
        assert await refused(probe, "writeFile", path=f"{folder}/pipe", dataBase64="eA==") == refusal
