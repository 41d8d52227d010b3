"""Servers made with the official Python SDK, over real stdio and streamable HTTP.

The SDK is no dependency. Where it is installed beside the tests, or `MCP_SDK_PYTHON` names an interpreter that has it,
these run; what they look for is held by scripted servers besides.
"""

import importlib.util
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from web_peer import free_port, open_web_peer

from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans, open_connection
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings, StdioCommand
from codex_trio.model.http import open_transport

PYTHON = os.environ.get("MCP_SDK_PYTHON") or (sys.executable if importlib.util.find_spec("mcp") else "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="`make peers` brings the `mcp` SDK, and runs these")

PATIENCE = 60.0
SERVER = """
import base64, sys
import anyio
from pydantic import BaseModel, Field
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("sdk", version="3.2.1", instructions="Ask me.")

class Sum(BaseModel):
    total: int

class Wish(BaseModel):
    name: str = Field(default="Anne")
    count: int = Field(default=3)
    fine: bool = Field(default=True)

@server.tool()
def add(a: int, b: int) -> Sum:
    return Sum(total=a + b)

@server.tool()
async def slow(context: Context) -> str:
    await context.report_progress(1, 2, "half")
    await context.info("told")
    return "done"

@server.tool()
async def ask(context: Context) -> str:
    answer = await context.elicit("What?", Wish)
    return f"{answer.action} {getattr(answer, 'data', None)!r}"

@server.tool()
def fail() -> str:
    raise ValueError("no luck")

@server.tool()
async def learn(context: Context) -> str:
    server.add_tool(add, name="learnt")
    await context.session.send_tool_list_changed()
    return "learnt"

left = []

@server.tool()
async def linger(context: Context) -> str:
    try:
        await context.report_progress(0, 1)
        await anyio.sleep_forever()
    finally:
        left.append("left")

@server.tool()
def who_left() -> list[str]:
    return left

@server.tool()
async def ask_elsewhere(context: Context) -> str:
    return (await context.elicit_url("Pay there.", url="https://pay.example/", elicitation_id="e1")).action

@server.resource("notes://one", mime_type="text/plain")
def one() -> str:
    return "a note"

@server.resource("notes://{name}")
def named(name: str) -> str:
    return name

if len(sys.argv) > 1:
    server.run(
        "streamable-http",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        stateless_http=sys.argv[2] == "http without sessions",
        json_response=sys.argv[2] == "http without sessions",
    )
else:
    server.run()
"""


@pytest.fixture(params=["stdio", "http"])
async def connection(request: Any, tmp_path: Path) -> AsyncGenerator[McpConnection]:
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    with trio.fail_after(PATIENCE):
        if request.param == "stdio":
            transport = StdioCommand(command=PYTHON, args=(str(file),))
            async with connected(transport) as opened:
                yield opened
        else:
            port = await free_port()
            serving = open_web_peer([PYTHON, file, str(port), request.param], env=os.environ, port=port)
            async with serving as url, connected(HttpAddress(url=url)) as opened:
                yield opened


@asynccontextmanager
async def connected(way: StdioCommand | HttpAddress) -> AsyncGenerator[McpConnection]:
    settings = McpServerSettings(name="sdk", transport=way, startup_seconds=PATIENCE)
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    async with open_process_spawner() as spawner, open_transport({}) as transport:
        means = McpMeans(start=spawner.start, transport=transport, environ=environ)
        async with open_connection(settings, folder="/", means=means) as connection:
            yield connection


async def answers(_server: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    if params.get("mode") == "url":
        assert (params["message"], params["url"]) == ("Pay there.", "https://pay.example/")
        return {"action": "accept"}
    assert params["message"] == "What?"
    defaults = {name: of["default"] for name, of in params["requestedSchema"]["properties"].items()}
    return {"action": "accept", "content": defaults}


async def call(connection: McpConnection, tool: str, **arguments: Any) -> Any:
    return await connection.call(tool, arguments, meta={}, elicit=answers)


async def test_an_sdk_server_is_greeted_listed_called_and_asks(connection: McpConnection) -> None:
    assert connection.facts.info["name"] == "sdk"
    assert connection.facts.instructions == "Ask me."
    total = await call(connection, "add", a=2, b=3)
    assert total["structuredContent"] == {"total": 5}
    assert (await call(connection, "slow"))["content"][0]["text"] == "done"
    asked = (await call(connection, "ask"))["content"][0]["text"]
    assert asked == "accept Wish(name='Anne', count=3, fine=True)"
    failed = await call(connection, "fail")
    assert failed["isError"]
    assert "fail" in failed["content"][0]["text"]
    [resource] = await connection.list_all("resources/list", "resources")
    assert resource["uri"] == "notes://one"
    [template] = await connection.list_all("resources/templates/list", "resourceTemplates")
    assert template["uriTemplate"] == "notes://{name}"
    read = await connection.read_resource("notes://two")
    assert read["contents"][0]["text"] == "two"


async def test_an_sdk_server_asks_a_user_to_go_elsewhere(connection: McpConnection) -> None:
    assert (await call(connection, "ask_elsewhere"))["content"][0]["text"] == "accept"


async def test_tools_that_an_sdk_server_learns_are_there(connection: McpConnection) -> None:
    assert "learnt" not in {tool.name for tool in connection.tools}
    await call(connection, "learn")
    while "learnt" not in {tool.name for tool in connection.tools}:  # noqa: ASYNC110  # nothing tells of it
        await trio.sleep(0.01)
    assert (await call(connection, "learnt", a=1, b=2))["structuredContent"] == {"total": 3}


async def test_an_sdk_server_stops_what_nobody_waits_for(connection: McpConnection) -> None:
    with trio.CancelScope() as scope:
        await connection.call("linger", {}, meta={}, elicit=answers, progress=lambda _params: scope.cancel())
    assert scope.cancelled_caught
    while not (await call(connection, "who_left"))["structuredContent"]["result"]:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("connection", ["http without sessions"], indirect=True)
async def test_an_sdk_server_without_sessions_is_used(connection: McpConnection) -> None:
    assert (await call(connection, "add", a=2, b=3))["structuredContent"] == {"total": 5}
    assert (await call(connection, "slow"))["content"][0]["text"] == "done"
    assert (await call(connection, "fail"))["isError"]
    [resource] = await connection.list_all("resources/list", "resources")
    assert resource["uri"] == "notes://one"
