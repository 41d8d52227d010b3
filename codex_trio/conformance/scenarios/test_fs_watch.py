"""Being told of changes at paths of the server's machine."""

import os
import shutil
from pathlib import Path
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe


async def watch(probe: Probe, path: Path, watch_id: str = "w") -> None:
    assert await probe.request("fs/watch", {"watchId": watch_id, "path": str(path)}) == {"path": str(path)}


async def told(probe: Probe, *paths: Path, watch_id: str = "w") -> None:
    """Wait until a watch has told of these paths; it tells of no others."""
    wanted, seen = {str(path) for path in paths}, set[str]()
    while not seen >= wanted:
        params: Any = (await probe.until("fs/changed"))["params"]
        if params["watchId"] == watch_id:
            assert params["changedPaths"] == sorted(set(params["changedPaths"]))
            seen |= set(params["changedPaths"])
    assert seen == wanted


async def refusal(probe: Probe, method: str, **params: Any) -> tuple[int, str]:
    error = await probe.refusal(method, params)
    return error.code, error.message


async def test_a_folder_tells_of_its_names(lab: Lab) -> None:
    folder = lab.cwd / "folder"
    (folder / "sub").mkdir(parents=True)
    async with lab.run() as probe:
        await watch(probe, folder)
        (folder / "new").write_text("x")
        await told(probe, folder / "new")
        (folder / "sub" / "deeper").write_text("x")
        (folder / "new").rename(folder / "moved")
        await told(probe, folder / "new", folder / "moved")
        shutil.rmtree(folder)
        await told(probe, folder, folder / "moved", folder / "sub")


async def test_a_file_is_watched_whatever_happens_to_it(lab: Lab) -> None:
    file = lab.cwd / "file"
    file.write_text("x")
    async with lab.run() as probe:
        await watch(probe, file)
        file.write_text("changed")
        await told(probe, file)
        (file.parent / "draft").write_text("other")
        (file.parent / "draft").rename(file)
        await told(probe, file)
        file.unlink()
        await told(probe, file)
        file.write_text("back")
        await told(probe, file)


async def test_what_is_missing_is_told_of_when_it_comes(lab: Lab) -> None:
    async with lab.run() as probe:
        await watch(probe, lab.cwd / "later")
        (lab.cwd / "beside").write_text("nobody is told")
        (lab.cwd / "later").write_text("x")
        await told(probe, lab.cwd / "later")


async def test_a_link_to_a_folder_tells_by_its_own_name(lab: Lab) -> None:
    (lab.cwd / "folder").mkdir()
    (lab.cwd / "link").symlink_to("folder")
    async with lab.run() as probe:
        await watch(probe, lab.cwd / "link")
        (lab.cwd / "folder" / "new").write_text("x")
        await told(probe, lab.cwd / "link" / "new")


async def test_a_watch_has_an_id_until_it_is_ended(lab: Lab) -> None:
    (lab.cwd / "folder").mkdir()
    async with lab.run() as probe:
        for watch_id in ("w", ""):
            await watch(probe, lab.cwd, watch_id)
        in_use = (-32600, "watchId already exists: w")
        for path in (lab.cwd, lab.cwd / "folder"):
            assert await refusal(probe, "fs/watch", watchId="w", path=str(path)) == in_use
        for watch_id in ("w", "w", "unknown", ""):
            assert await probe.request("fs/unwatch", {"watchId": watch_id}) == {}
        answer = await probe.request("fs/watch", {"watchId": "w", "path": f"{lab.cwd}/none/../folder/"})
        assert answer == {"path": f"{lab.cwd}/folder"}
        (lab.cwd / "beside").write_text("nobody is told")
        (lab.cwd / "folder" / "new").write_text("x")
        await told(probe, lab.cwd / "folder" / "new")


async def test_only_whole_paths_are_watched(lab: Lab) -> None:
    async with lab.run() as probe:
        relative = (-32600, "Invalid request: AbsolutePathBuf deserialized without a base path")
        for path in ("file", "~/file", ""):
            assert await refusal(probe, "fs/watch", watchId="w", path=path) == relative
        assert (await refusal(probe, "fs/watch", path=str(lab.cwd)))[0] == -32600
        assert (await refusal(probe, "fs/unwatch"))[0] == -32600
        await watch(probe, lab.cwd)


async def test_every_client_has_watches_of_its_own(lab: Lab) -> None:
    (lab.cwd / "folder").mkdir()
    async with lab.listen() as server, server.connect() as first, server.connect() as second:
        await watch(first, lab.cwd)
        await watch(second, lab.cwd / "folder")
        assert await second.request("fs/unwatch", {"watchId": "w"}) == {}
        (lab.cwd / "folder" / "new").write_text("nobody is told")
        (lab.cwd / "new").write_text("x")
        await told(first, lab.cwd / "new")
        assert "fs/changed" not in second.log.methods()


async def test_a_link_that_leads_elsewhere_is_followed(lab: Lab) -> None:
    for name in ("one", "two"):
        (lab.cwd / name).mkdir()
    (lab.cwd / "link").symlink_to("one")
    async with lab.run() as probe:
        await watch(probe, lab.cwd / "link")
        (lab.cwd / "new").symlink_to("two")
        (lab.cwd / "new").rename(lab.cwd / "link")
        await told(probe, lab.cwd / "link")
        (lab.cwd / "two" / "file").write_text("x")
        await told(probe, lab.cwd / "link" / "file")


async def test_a_folder_on_the_way_that_is_replaced_is_noticed(lab: Lab) -> None:
    file = lab.cwd / "a" / "b" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    async with lab.run() as probe:
        await watch(probe, file)
        (lab.cwd / "a").rename(lab.cwd / "old")
        await told(probe, file)
        file.parent.mkdir(parents=True)
        file.write_text("x")
        await told(probe, file)


async def test_a_name_that_is_no_text_is_told_of_as_far_as_it_is(lab: Lab) -> None:
    async with lab.run() as probe:
        await watch(probe, lab.cwd)
        os.mkdir(os.fsencode(lab.cwd) + b"/\xff")
        await told(probe, lab.cwd / "\ufffd")
