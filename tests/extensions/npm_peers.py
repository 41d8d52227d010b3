"""Servers of other makers from npm, each as the server of a thread. `MCP_PEERS` says where they are."""

import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from web_peer import free_port, open_web_peer

from codex_trio.client.process import SpawnedServer, open_stdio_client
from codex_trio.client.turns import Thread, TurnResult, start_thread
from codex_trio.testing import mcp_conformance_client
from codex_trio.testing.model_script import Event, answer, function_call, message
from codex_trio.testing.model_server import ModelServer, open_model_server

FOLDER = Path(os.environ.get("MCP_PEERS", "/nonexistent")) / "node_modules"
NODE, SCOPE = FOLDER / ".bin/node", FOLDER / "@modelcontextprotocol"
SUITE = SCOPE / "conformance/dist/index.js"
ABSENT = "`make peers` brings the suite and the servers, and runs these"
EVERYTHING = SCOPE / "server-everything/dist/index.js"
PATIENCE = 90.0
CONFIG = """
model = "gpt-5.5"
model_provider = "scripted"
approval_policy = "on-request"
sandbox_mode = "danger-full-access"
[model_providers.scripted]
name = "Scripted"
base_url = "{base_url}"
wire_api = "responses"
[mcp_servers.peer]
{table}
"""


class Peer:
    """A server that a thread has."""

    def __init__(self, server: SpawnedServer, model: ModelServer, thread: Thread) -> None:
        self.server = server
        self.model = model
        self.thread = thread

    async def status(self) -> dict[str, Any]:
        asked = {"threadId": self.thread.id, "detail": "full"}
        [status] = (await self.thread.client.request("mcpServerStatus/list", asked))["data"]
        return status

    async def ask(self, method: str, **params: Any) -> Any:
        return await self.thread.client.request(method, {"threadId": self.thread.id, "server": "peer", **params})

    async def call(self, tool: str, **arguments: Any) -> Any:
        return await self.ask("mcpServer/tool/call", tool=tool, arguments=arguments)

    async def text(self, tool: str, **arguments: Any) -> str:
        return (await self.call(tool, **arguments))["content"][0]["text"]

    async def turn(self, call: Event) -> tuple[TurnResult, Any]:
        """Return a turn in which the model makes a call, and what the model was told of it."""
        self.model.add(answer(call), answer(message("done")))
        turn = await self.thread.run("Go on.")
        outputs = [item for item in self.model.requests[-1].body["input"] if item["type"] == "function_call_output"]
        return turn, outputs[-1]["output"]


def called(tool: str, **arguments: Any) -> Event:
    """Return a model's call of a tool of the server."""
    return function_call(tool.replace("-", "_"), arguments, call_id=f"call_{tool}", namespace="mcp__peer")


@asynccontextmanager
async def used(table: AbstractAsyncContextManager[str], folder: Path) -> AsyncGenerator[Peer]:
    """Provide the server of a table, in a thread of an app-server whose model does as it is told."""
    places = {name: folder / name for name in ("HOME", "CODEX_HOME", "TMPDIR", "work")}
    for place in places.values():
        place.mkdir(exist_ok=True)
    env = {"PATH": os.environ["PATH"], "RUST_LOG": "info", **{name: str(place) for name, place in places.items()}}
    command = [sys.executable, "-m", "codex_trio.testing.command", "app-server"]
    with trio.fail_after(PATIENCE):
        async with table as said, open_model_server() as model:
            config = CONFIG.format(base_url=model.base_url, table=said)
            (places["CODEX_HOME"] / "config.toml").write_text(config)
            async with open_stdio_client(command, env=env, cwd=places["work"]) as server:
                client = server.client
                client.handle("mcpServer/elicitation/request", mcp_conformance_client.agree)
                await client.initialize("peers", "1", experimental=True)
                with client.subscribe(methods=("mcpServer/startupStatus/updated",)) as updates:
                    thread = await start_thread(client)
                    assert await mcp_conformance_client.has_started(updates)
                yield Peer(server, model, thread)


@asynccontextmanager
async def by_stdio(program: Path, *arguments: str, **env: str) -> AsyncGenerator[str]:
    """Provide the table of a server that is started."""
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in env.items())
    yield f"command = '{NODE}'\nargs = {json.dumps([str(program), *arguments])}\nenv = {{ {variables} }}"


@asynccontextmanager
async def served(program: Path, folder: Path) -> AsyncGenerator[str]:
    """Provide the table of a server that runs."""
    port = await free_port()
    env = {**environment(folder), "PORT": str(port)}
    async with open_web_peer([NODE, program, "streamableHttp"], env=env, port=port) as url:
        yield f'url = "{url}"'


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of what is started beside the app-server."""
    return {"PATH": os.environ["PATH"], **{name: str(folder) for name in ("HOME", "TMPDIR", "CODEX_HOME")}}
