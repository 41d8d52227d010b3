"""Processors that are about no thread: what is answered, and what is told of it to whom."""

import base64
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from processor_lab import Bench, open_bench

from codex_trio.rpc.errors import RpcError


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


async def test_models_are_listed_page_by_page(bench: Bench) -> None:
    everything = (await bench.call("model/list"))["data"]
    first = await bench.call("model/list", limit=1)
    rest = await bench.call("model/list", cursor=first["nextCursor"], limit=100)
    assert [*first["data"], *rest["data"]] == everything
    assert rest["nextCursor"] is None
    assert [model["isDefault"] for model in everything].count(True) == 1


async def test_what_is_written_of_the_configuration_is_read_back(bench: Bench) -> None:
    params = {"keyPath": "model", "value": "other", "mergeStrategy": "replace"}
    answer = await bench.call("config/value/write", **params)
    assert answer["status"] == "ok"
    read = await bench.call("config/read", includeLayers=False)
    assert read["config"]["model"] == "other"
    with pytest.raises(RpcError, match="model"):
        await bench.call("config/value/write", **{**params, "value": 5})
    assert (await bench.call("config/read", includeLayers=False))["config"]["model"] == "other"


async def test_a_client_is_told_what_of_its_settings_has_no_effect(bench: Bench) -> None:
    written = await bench.call("config/value/write", keyPath="modle", value="m", mergeStrategy="replace")
    chosen = {"memories": True, "memoris": True, "goals": False}
    switched = await bench.call("experimentalFeature/enablement/set", enablement=chosen)

    assert (written["status"], switched) == ("ok", {"enablement": {"memories": True}})
    assert [(method, params["summary"]) for method, params, _ in bench.outgoing.told] == [
        (
            "configWarning",
            "These settings were written and have no effect:\n  `modle` is not known. Did you mean `model`?",
        ),
        (
            "configWarning",
            (
                "These features were left as they are:\n  `memoris` is not known. Did you mean `memories`?\n"
                "  `goals` cannot be set by clients; set `features.goals` in config.toml"
            ),
        ),
    ]


async def test_files_are_written_read_and_removed(bench: Bench, tmp_path: Path) -> None:
    path, data = str(tmp_path / "file"), base64.b64encode(b"\0words").decode()
    await bench.call("fs/writeFile", path=path, dataBase64=data)
    assert (await bench.call("fs/readFile", path=path))["dataBase64"] == data
    assert (await bench.call("fs/getMetadata", path=path))["isFile"]
    await bench.call("fs/remove", path=path)
    with pytest.raises(RpcError, match="No such file"):
        await bench.call("fs/readFile", path=path)


@pytest.mark.parametrize("method", ["readFile", "writeFile", "createDirectory", "getMetadata", "readDirectory", "copy"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("circle/x", "Too many levels of symbolic links (os error 40): `{0}`; links there lead in a circle"),
        ("x" * 256, "File name too long (os error 36): `{0}`; a name has at most 255 bytes"),
        ("file/x", "Not a directory (os error 20): `{0}`; a file stands where a folder is needed"),
        ("no/x", "No such file or directory (os error 2): `{0}`; nothing is there, or the folder is missing"),
    ],
)
async def test_what_the_file_system_refuses_names_the_path_and_the_way_out(
    bench: Bench, tmp_path: Path, method: str, name: str, problem: str
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    path = str(tmp_path / name)
    params: dict[str, Any] = {"path": path}
    if method == "copy":
        params = {"sourcePath": str(tmp_path / "file"), "destinationPath": path}
    elif method == "writeFile":
        params["dataBase64"] = ""
    elif method == "createDirectory":
        params["recursive"] = False
    with pytest.raises(RpcError, match="^" + re.escape(problem.format(path))):
        await bench.call(f"fs/{method}", **params)


async def test_a_thread_is_put_in_a_project_and_everybody_told(bench: Bench, tmp_path: Path) -> None:
    roots = [{"path": str(tmp_path)}]
    project = (await bench.call("project/create", name="Mine", roots=roots, idempotencyKey="once"))["project"]
    again = await bench.call("project/create", name="Mine", roots=roots, idempotencyKey="once")
    assert again["project"]["id"] == project["id"]
    assert [row["name"] for row in (await bench.call("project/list"))["data"]] == ["Mine"]
    thread_id = (await bench.call("thread/start"))["thread"]["id"]
    await bench.lab.run_turn(bench.lab.loaded.get(thread_id), "one")
    bench.outgoing.told.clear()
    answer = await bench.call("thread/metadata/update", threadId=thread_id, projectId=project["id"])
    assert answer["thread"]["projectId"] == project["id"]
    assert ("thread/project/updated", {"threadId": thread_id, "projectId": project["id"]}, None) in bench.outgoing.told
    listed = await bench.call("thread/list", projectId=project["id"])
    assert [row["id"] for row in listed["data"]] == [thread_id]
