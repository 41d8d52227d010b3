"""The settings of an exec-server's machine: what its client asks for by key, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from exec_server_lab import ExecClient, open_lab

SETTINGS = """
model = "far"
secret = "stays"

[mcp_servers.a]
command = "x"
env = { KEY = "k" }

[mcp_servers.b]
url = "http://b.invalid"
"""


async def read(client: ExecClient, *keys: list[str]) -> dict[str, Any]:
    params = {"cwd": "file:///", "configPaths": keys, "requirementsPaths": [["no_such_key"]]}
    return await client.call("environmentConfig/read", params)


async def test_a_client_is_told_the_keys_that_it_asks_for(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        assert (await read(client, ["model"]))["config"]["layers"] == []
        file.write_text(SETTINGS)
        for keys, expected in (
            ([["model"]], {"model": "far"}),
            ([["model", "deeper"]], {"model": "far"}),
            ([["none"], ["mcp_servers", "none"]], None),
            ([["mcp_servers", "b"]], {"mcp_servers": {"b": {"url": "http://b.invalid"}}}),
            (
                [["mcp_servers", "a", "command"], ["mcp_servers", "b", "url"], ["mcp_servers", "a", "env", "KEY"]],
                {"mcp_servers": {"a": {"command": "x", "env": {"KEY": "k"}}, "b": {"url": "http://b.invalid"}}},
            ),
            ([["mcp_servers"], ["mcp_servers", "a"]], {"mcp_servers": tomllib.loads(SETTINGS)["mcp_servers"]}),
        ):
            found = await read(client, *keys)
            assert found["codexHomeDir"] == tmp_path.as_uri()
            assert found["requirements"] == {"layers": [], "cloudInsertionIndex": 0}
            layers = found["config"]["layers"]
            if expected is None:
                assert layers == []
                continue
            (layer,) = layers
            assert layer["source"] == f"user ({file})"
            assert layer["baseDir"] == tmp_path.as_uri()
            assert tomllib.loads(layer["toml"]) == expected


async def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    async with open_lab(tmp_path) as lab:
        client, _ = await lab.connect()
        params = {"cwd": "file:///", "configPaths": [["model"]], "requirementsPaths": []}
        for content, problem in ((b'a = "\n', f"{file}:1:"), (b"\xff", "it is not UTF-8")):
            file.write_bytes(content)
            refused = await client.refusal("environmentConfig/read", params)
            assert refused.code == -32603
            assert refused.message.startswith("failed to load executor-local config: ")
            assert problem in refused.message
        assert await client.call("environment/status") == {"status": "ready"}
