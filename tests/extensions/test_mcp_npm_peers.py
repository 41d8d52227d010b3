"""The official conformance suite for clients, and servers of other makers, over real stdio and streamable HTTP.

They come from npm, and are no dependency: these run where `MCP_PEERS` names a folder in which they are installed, as
CONTRIBUTING.md says. What they look for is held by scripted servers besides.
"""

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import STDOUT
from typing import Any

import pytest
import trio
from web_peer import free_port, open_web_peer

from codex_trio.client.connection import AppServerClient
from codex_trio.client.process import open_stdio_client
from codex_trio.client.turns import start_thread
from codex_trio.testing import mcp_conformance_client

FOLDER = Path(os.environ.get("MCP_PEERS", "/nonexistent")) / "node_modules"
NODE, SCOPE = FOLDER / ".bin/node", FOLDER / "@modelcontextprotocol"
SUITE = SCOPE / "conformance/dist/index.js"

pytestmark = pytest.mark.skipif(not SUITE.exists(), reason="MCP_PEERS names no folder with the suite, see CONTRIBUTING")

PATIENCE = 90.0
SCENARIOS = (
    "initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry", "auth/metadata-default",
    "auth/metadata-var1", "auth/metadata-var2", "auth/metadata-var3", "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported", "auth/scope-omitted-when-undefined", "auth/scope-step-up",
    "auth/scope-retry-limit", "auth/token-endpoint-auth-basic", "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none", "auth/pre-registration", "auth/2025-03-26-oauth-metadata-backcompat",
    "auth/2025-03-26-oauth-endpoint-fallback", "auth/resource-mismatch", "auth/offline-access-scope",
    "auth/offline-access-not-supported",
)  # fmt: skip
MISSING: Mapping[str, str] = {
    "auth/basic-cimd": "a document about this client would have to stand on the web, at an address of the project",
    "auth/client-credentials-jwt": "an extension: logins without a user",
    "auth/client-credentials-basic": "an extension: logins without a user",
    "auth/cross-app-access-complete-flow": "an extension: logins by a company's identity provider",
}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_conformance_suite_finds_nothing(scenario: str, tmp_path: Path):
    said = await judged(scenario, tmp_path)
    assert "OVERALL: PASSED" in said, said


@pytest.mark.parametrize("scenario", MISSING)
async def test_what_is_not_there_is_what_the_suite_finds(scenario: str, tmp_path: Path):
    said = await judged(scenario, tmp_path)
    assert "OVERALL: FAILED" in said, said


async def judged(scenario: str, folder: Path) -> str:
    """Return what the suite says of a scenario."""
    client = f"{sys.executable} -m codex_trio.testing.mcp_conformance_client"
    command = [NODE, SUITE, "client", "--scenario", scenario, "--command", client]
    with trio.fail_after(PATIENCE):
        ended = await trio.run_process(
            command, cwd=folder, env=environment(folder), capture_stdout=True, stderr=STDOUT, check=False
        )
    return ended.stdout.decode()


async def test_the_suite_has_no_other_scenarios(tmp_path: Path):
    command = [NODE, SUITE, "list", "--client"]
    listed = await trio.run_process(command, cwd=tmp_path, env=environment(tmp_path), capture_stdout=True)
    names = {line.split()[1] for line in listed.stdout.decode().splitlines() if line.startswith("  - ")}
    assert names == {*SCENARIOS, *MISSING}


@pytest.mark.parametrize("way", ["stdio", "http"])
async def test_what_the_everything_server_has_can_be_used(way: str, tmp_path: Path):
    program = SCOPE / "server-everything/dist/index.js"
    table = served(program, tmp_path) if way == "http" else by_stdio(program)
    async with table as said, used(said, tmp_path) as peer:
        assert await peer.text("echo", message="hi") == "Echo: hi"
        assert await peer.text("get-sum", a=2, b=3) == "The sum of 2 and 3 is 5."
        assert f"file://{tmp_path}/work" in await peer.text("get-roots-list")
        structured = await peer.call("get-structured-content", location="Chicago")
        assert structured["structuredContent"].keys() == {"temperature", "conditions", "humidity"}
        [_, picture, _] = (await peer.call("get-tiny-image"))["content"]
        assert (picture["type"], picture["mimeType"]) == ("image", "image/png")
        links = (await peer.call("get-resource-links", count=3))["content"]
        assert [link["type"] for link in links] == ["text", *["resource_link"] * 3]
        assert "completed" in await peer.text("trigger-long-running-operation", duration=0.2, steps=2)
        assert "User provided" in await peer.text("trigger-elicitation-request")
        assert (await peer.call("get-sum", a="x"))["isError"]
        document = peer.status["resources"][0]["uri"]
        [read] = (await peer.ask("mcpServer/resource/read", uri=document))["contents"]
        assert read["text"]


async def test_the_filesystem_server_reads_and_writes_files(tmp_path: Path):
    work = tmp_path / "work"
    async with by_stdio(SCOPE / "server-filesystem/dist/index.js", str(work)) as table, used(table, tmp_path) as peer:
        await peer.call("write_file", path=str(work / "a"), content="text\n")
        assert (work / "a").read_text() == "text\n"
        assert await peer.text("read_text_file", path=str(work / "a")) == "text\n"
        assert await peer.text("list_directory", path=str(work)) == "[FILE] a"
        assert "outside" in await peer.text("read_text_file", path="/etc/hostname")


async def test_the_memory_server_remembers_from_call_to_call(tmp_path: Path):
    program = SCOPE / "server-memory/dist/index.js"
    async with by_stdio(program, MEMORY_FILE_PATH=str(tmp_path / "graph")) as table, used(table, tmp_path) as peer:
        entity = {"name": "Trio", "entityType": "library", "observations": ["structured"]}
        await peer.call("create_entities", entities=[entity])
        assert (await peer.call("search_nodes", query="structured"))["structuredContent"]["entities"] == [entity]


class Peer:
    """A server that a thread has."""

    def __init__(self, client: AppServerClient, thread_id: str, status: dict[str, Any]) -> None:
        self.status = status
        self._client = client
        self._thread_id = thread_id

    async def ask(self, method: str, **params: Any) -> Any:
        return await self._client.request(method, {"threadId": self._thread_id, "server": "peer", **params})

    async def call(self, tool: str, **arguments: Any) -> Any:
        return await self.ask("mcpServer/tool/call", tool=tool, arguments=arguments)

    async def text(self, tool: str, **arguments: Any) -> str:
        return (await self.call(tool, **arguments))["content"][0]["text"]


@asynccontextmanager
async def used(table: str, folder: Path) -> AsyncGenerator[Peer]:
    """Provide the server of a table, in a thread of an app-server."""
    places = {name: folder / name for name in ("HOME", "CODEX_HOME", "TMPDIR", "work")}
    for place in places.values():
        place.mkdir(exist_ok=True)
    (places["CODEX_HOME"] / "config.toml").write_text(f"[mcp_servers.peer]\n{table}\n")
    env = {"PATH": os.environ["PATH"], **{name: str(place) for name, place in places.items()}}
    command = [sys.executable, "-m", "codex_trio.testing.command", "app-server"]
    with trio.fail_after(PATIENCE):
        async with open_stdio_client(command, env=env, cwd=places["work"]) as server:
            client = server.client
            client.handle("mcpServer/elicitation/request", mcp_conformance_client.agree)
            await client.initialize("peers", "1", experimental=True)
            with client.subscribe(methods=("mcpServer/startupStatus/updated",)) as updates:
                thread = await start_thread(client)
                assert await mcp_conformance_client.has_started(updates)
            [status] = (await client.request("mcpServerStatus/list", {"threadId": thread.id, "detail": "full"}))["data"]
            yield Peer(client, thread.id, status)


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
    return {"PATH": os.environ["PATH"], **{name: str(folder) for name in ("HOME", "TMPDIR", "CODEX_HOME")}}
