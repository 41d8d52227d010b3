"""Files that are written in pieces, folders that are gone through, and paths that are watched for what is missing."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import trio
from exec_server_lab import ExecClient, open_lab

from codex_trio.environments.exec_permissions import context_of
from codex_trio.environments.place import WorkPlace
from codex_trio.exec_server.handles import MAX_BLOCK_BYTES, MAX_OPEN_FILES
from codex_trio.exec_server.missing import MAX_PATHS
from codex_trio.sandbox.policy import WorkspaceWrite


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


async def open_file(client: ExecClient, handle: str, path: Path, **more: Any) -> Any:
    return await client.call("fs/open", {"handleId": handle, "path": path.as_uri(), **more})


async def test_a_file_is_written_in_pieces_each_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("what was there before")
    file.chmod(0o751)
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        await open_file(client, "h", file, mode="replace")
        assert file.read_bytes() == b""
        for _ in range(2):
            # Twice, as a client does that has lost the answer.
            for offset, data in ((3, b"defg"), (0, b"abc")):
                params = {"handleId": "h", "offset": offset, "chunk": encoded(data)}
                assert await client.call("fs/writeBlock", params) == {}
        assert (await client.refusal("fs/readBlock", {"handleId": "h", "offset": 0, "len": 1})).code == -32603
        long = {"handleId": "h", "offset": 0, "chunk": encoded(bytes(MAX_BLOCK_BYTES + 1))}
        assert "between 1 and" in (await client.refusal("fs/writeBlock", long)).message
        await client.call("fs/close", {"handleId": "h"})
        assert file.read_bytes() == b"abcdefg"
        assert file.stat().st_mode & 0o777 == 0o751
        await open_file(client, "h", tmp_path / "new", mode="replace")
        assert (tmp_path / "new").read_bytes() == b""


async def test_files_that_are_open_are_few_and_end_with_their_connection(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    async with open_lab(tmp_path) as lab:
        before = len(os.listdir("/proc/self/fd"))
        client, _ = await lab.connect()
        for number in range(MAX_OPEN_FILES):
            await open_file(client, f"h{number}", file)
        refused = await client.refusal("fs/open", {"handleId": "one more", "path": file.as_uri()})
        assert (refused.code, "at most" in refused.message) == (-32600, True)
        refused = await client.refusal("fs/open", {"handleId": "h0", "path": file.as_uri()})
        assert refused.message == "file handle `h0` already exists"
        await client.transport.aclose()
        with trio.fail_after(30):
            while len(os.listdir("/proc/self/fd")) > before:
                await trio.testing.wait_all_tasks_blocked()


async def test_a_sandbox_holds_for_files_that_are_opened(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "out").symlink_to("../outside")
    place = WorkPlace(cwd=str(work), policy=WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True))
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        context = context_of(place, lambda path: Path(path).as_uri())
        assert context is not None
        await open_file(client, "in", work / "inside", mode="replace", sandbox=context)
        for path in (tmp_path / "outside", work / "out", work / ".git" / "x"):
            params = {"handleId": "no", "path": path.as_uri(), "mode": "replace", "sandbox": context}
            assert "may not be written" in (await client.refusal("fs/open", params)).message
    assert sorted(path.name for path in work.iterdir()) == ["inside", "out"]
    assert not (tmp_path / "outside").exists()


async def test_folders_are_gone_through_level_by_level(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for folder in ("b/deep", ".hidden"):
        (top / folder).mkdir(parents=True)
    for file in ("b/f", "b/deep/g", ".hidden/x", "a"):
        (top / file).touch()
    (top / os.fsdecode(b"z\xff")).touch()
    (top / "link").symlink_to("b")
    (top / "b" / "up").symlink_to("..")
    (top / "nowhere").symlink_to("none")
    os.mkfifo(top / "pipe")

    async def walk(client: ExecClient, **more: Any) -> tuple[list[str], bool]:
        options = {"maxDepth": 9, "maxDirectories": 99, "maxEntries": 99, "followDirectorySymlinks": False, **more}
        found = await client.call("fs/walk", {"path": top.as_uri(), "options": options})
        assert found["errors"] == []
        ends = {"file": "", "directory": "/"}
        paths = [entry["path"].removeprefix(f"{top.as_uri()}/") + ends[entry["kind"]] for entry in found["entries"]]
        return paths, found["truncated"]

    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        every = [".hidden/", "a", "b/", "z%FF", ".hidden/x", "b/deep/", "b/f", "b/deep/g"]
        assert await walk(client) == (every, False)
        pruned = [path for path in every if path != ".hidden/x"]
        assert await walk(client, pruneHiddenDirectories=True) == (pruned, False)
        assert await walk(client, maxDepth=0) == (every[:4], False)
        assert await walk(client, maxEntries=2) == (every[:2], True)
        assert await walk(client, maxDirectories=2) == (every[:5], True)
        followed, _ = await walk(client, followDirectorySymlinks=True)
        # Every folder once, however many lead to it.
        once = [".hidden/", "a", "b/", "link/", "z%FF", ".hidden/x", "b/deep/", "b/f", "b/up/", "b/deep/g"]
        assert followed == once
        options = {"maxDepth": 1, "maxDirectories": 9, "maxEntries": 9, "followDirectorySymlinks": False}
        found = await client.call("fs/walk", {"path": (top / "a").as_uri(), "options": options})
        assert found == {"entries": [], "errors": [], "truncated": False}


async def test_a_client_is_told_once_when_something_is_where_nothing_was(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    (tmp_path / "dangling").symlink_to("none")

    async def watch(client: ExecClient, watch_id: int, *missing: str, present: str | None = None) -> bool:
        params: dict[str, Any] = {"watchId": watch_id, "missing": [(tmp_path / name).as_uri() for name in missing]}
        if present is not None:
            params["present"] = (tmp_path / present).as_uri()
        return (await client.call("fs/watchMissing", params))["watching"]

    async def told(client: ExecClient) -> dict[str, Any]:
        while not client.events:
            await client.take()
        ((method, params),) = client.events
        client.events.clear()
        assert method == "fs/missingChanged"
        return params

    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        assert await watch(client, 1, "a", "sub/b")
        assert await watch(client, 2, "c", present="there")
        for missing in ((), ("there",), ("dangling",), [f"m{number}" for number in range(MAX_PATHS + 1)]):
            assert not await watch(client, 3, *missing)
        assert not await watch(client, 1, "again"), "the id is in use"
        assert not await watch(client, 3, "d", present="none")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "b").touch()
        assert await told(client) == {"watchId": 1}
        (tmp_path / "there").unlink()
        assert await told(client) == {"watchId": 2}
        assert await watch(client, 1, "e"), "the id is free again"
        (tmp_path / "a").touch()
        (tmp_path / "c").touch()
        (tmp_path / "e").touch()
        assert await told(client) == {"watchId": 1}
