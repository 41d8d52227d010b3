"""A client that does not read what its command writes: the command waits, and the server holds next to nothing."""

import base64
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from codex_trio.client.listening import ListeningServer, open_listening_server
from codex_trio.transport.outbound import connect
from codex_trio.transport.websocket_connection import WebsocketConnection

MIB = 1024 * 1024
OUTPUT_BYTES = 48 * MIB
MOST_WRITTEN = 24 * MIB
"""More than the sockets and pipes between a command and its client can hold."""
MOST_HELD = 32 * MIB
"""Less than the output, and more than what a server at work imports meanwhile."""
PATIENCE = 90.0


class Client:
    """A connection that reads only when it is told to."""

    def __init__(self, transport: WebsocketConnection) -> None:
        self.transport = transport
        self._last_id = 0

    async def send(self, method: str, params: dict[str, Any]) -> int:
        self._last_id += 1
        await self.transport.send(json.dumps({"id": self._last_id, "method": method, "params": params}).encode())
        return self._last_id

    async def receive(self) -> Any:
        return json.loads(await self.transport.receive())

    async def request(self, method: str, params: dict[str, Any]) -> Any:
        request_id = await self.send(method, params)
        while (message := await self.receive()).get("id") != request_id:
            pass
        return message["result"]


@asynccontextmanager
async def serving(tmp_path: Path) -> AsyncGenerator[ListeningServer]:
    environ = {"PATH": os.defpath}
    for name in ("HOME", "CODEX_HOME", "TMPDIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        environ[name] = str(folder)
    command = [sys.executable, "-m", "codex_trio.testing.command", "app-server"]
    with trio.fail_after(PATIENCE):
        async with open_listening_server(command, listen="ws://127.0.0.1:0", env=environ, cwd=tmp_path) as server:
            yield server


@asynccontextmanager
async def client(server: ListeningServer) -> AsyncGenerator[Client]:
    async with connect(server.url) as transport:
        visitor = Client(transport)
        await visitor.request("initialize", {"clientInfo": {"name": "test", "version": "1"}})
        yield visitor


def resident(server: ListeningServer) -> int:
    """Return bytes of memory that the server's process has."""
    return int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def written(pid: int) -> int:
    """Return how many bytes a process has written so far."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


async def stands_still(pid: int) -> int:
    """Return how much a process has written when it writes no more for a while."""
    before = -1
    while (now := written(pid)) != before:
        before = now
        await trio.sleep(0.3)
    return now


async def test_a_command_waits_for_a_client_that_does_not_read_and_nothing_is_lost(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, client(server) as stopped, client(server) as talking:
        harmless = {"command": ["true"], "sandboxPolicy": {"type": "dangerFullAccess"}}
        assert (await talking.request("command/exec", harmless))["exitCode"] == 0
        before = resident(server)
        script = f"echo $$; exec head -c {OUTPUT_BYTES} /dev/zero"
        params = {
            "command": ["/bin/sh", "-c", script],
            "processId": "much",
            "streamStdoutStderr": True,
            "disableOutputCap": True,
            "disableTimeout": True,
            "sandboxPolicy": {"type": "dangerFullAccess"},
        }
        request_id = await stopped.send("command/exec", params)
        while (message := await stopped.receive())["method"] != "command/exec/outputDelta":
            pass
        first, _, rest = base64.b64decode(message["params"]["deltaBase64"]).partition(b"\n")
        assert await stands_still(int(first)) < MOST_WRITTEN
        assert resident(server) - before < MOST_HELD
        # Nobody else waits.
        assert (await talking.request("command/exec", harmless))["exitCode"] == 0
        received = len(rest)
        while (message := await stopped.receive()).get("id") != request_id:
            received += len(base64.b64decode(message["params"]["deltaBase64"]))
        assert message["result"] == {"exitCode": 0, "stdout": "", "stderr": ""}
        assert received == OUTPUT_BYTES
