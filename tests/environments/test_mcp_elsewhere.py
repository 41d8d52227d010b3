"""MCP servers that run in another environment, started by its exec-server and talked to over it."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio
from remote_lab import open_remote

import codex_trio.testing.mcp_server
from codex_trio.conformance.processes import wait_gone
from codex_trio.execution.groups import RunningProcess
from codex_trio.execution.launch import SpawnRequest
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans
from codex_trio.extensions.mcp.errors import McpFailure
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import McpServerSettings, configured_servers
from codex_trio.model.http import open_transport


def server(**settings: Any) -> McpServerSettings:
    file = str(codex_trio.testing.mcp_server.__file__)
    table = {"command": sys.executable, "args": ["-S", file], "environment_id": "far", **settings}
    return configured_servers({"mcp_servers": {"tiny": table}})["tiny"]


async def called(connection: McpConnection, tool: str) -> Any:
    """Return what a tool says."""

    async def nobody(_server: str, _params: Any) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"action": "cancel"}

    result = await connection.call(tool, None, meta={}, elicit=nobody)
    return json.loads(result["content"][0]["text"])


async def test_a_server_runs_where_its_settings_say_and_ends_with_its_users(tmp_path: Path) -> None:
    async with open_remote(tmp_path) as lab, open_transport({}) as transport, trio.open_nursery() as nursery:

        async def start(environment_id: str, request: SpawnRequest, taken: Sequence[str]) -> RunningProcess:
            assert environment_id == "far"
            return await lab.environment.start_server(request, taken=taken)

        means = McpMeans(
            start=lambda request: pytest.fail(f"started here: {request.argv}"),
            transport=transport,
            environ={"HERE": "sent", "PATH": "/nowhere"},
            start_elsewhere=start,
        )
        pool = McpPool(means, idle_seconds=0.05)
        await nursery.start(pool.run)
        variables = ["HERE", {"name": "TMPDIR", "source": "remote"}]
        given = server(env={"OWN": "x"}, env_vars=variables, cwd=str(lab.work))
        async with pool.use(given, folder="/not/there") as one, pool.use(given, folder="/nor/this") as other:
            assert other is one
            who = await called(one, "who")
            assert who["cwd"] == str(lab.work)
            assert {name: who["env"].get(name) for name in ("HERE", "OWN")} == {"HERE": "sent", "OWN": "x"}
            assert who["env"]["PATH"] != "/nowhere"
            lab.road.cut()
            assert (await called(one, "who"))["pid"] == who["pid"]
            with pytest.raises(McpFailure, match="connection closed"):
                await called(one, "crash")
            await one.gone.wait()
        for _ in range(2):
            with pytest.raises(McpFailure, match=r"(?s)handshaking with MCP server failed: connection closed.*oh no"):
                async with pool.use(server(env={"MCP_CRASH": "oh no"}), folder="/"):
                    pass
        with pytest.raises(McpFailure, match="in environment `far`: "):
            async with pool.use(server(command="/nonexistent/program"), folder="/"):
                pass
        async with pool.use(server(), folder="/") as running:
            left = (await called(running, "who"))["pid"]
        await wait_gone(left, who["pid"])
        nursery.cancel_scope.cancel()
