"""Clients of a real server that stop reading, over real sockets: nobody else feels it, and they are told in the end."""

import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trio
from codex_trio_protocol.jsonrpc import SERVER_OVERLOADED

from codex_trio.client.listening import ListeningServer, open_listening_server
from codex_trio.rpc.connection import TOO_SLOW
from codex_trio.rpc.outbox import SOCKET_LIMITS
from codex_trio.transport.base import TransportClosed
from codex_trio.transport.outbound import connect
from codex_trio.transport.websocket_connection import WebsocketConnection

MIB = 1024 * 1024


class Client:
    """A connection that reads only when it is told to."""

    def __init__(self, transport: WebsocketConnection) -> None:
        self.transport = transport
        self._last_id = 0

    async def send(self, method: str, params: dict[str, Any]) -> int:
        self._last_id += 1
        await self.transport.send(json.dumps({"id": self._last_id, "method": method, "params": params}).encode())
        return self._last_id

    async def request(self, method: str, params: dict[str, Any]) -> Any:
        request_id = await self.send(method, params)
        while (message := json.loads(await self.transport.receive())).get("id") != request_id:
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
    with trio.fail_after(60):
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


async def test_a_client_that_never_reads_costs_bounded_memory_and_is_told_why_it_is_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path) as server, client(server) as stopped, client(server) as talking:
        thread = (await talking.request("thread/start", {}))["thread"]["id"]
        before = resident(server)
        most = 0
        number = 0
        while "the client does not read" not in server.stderr:
            # Everybody hears of a new name.
            number += 1
            await talking.request("thread/name/set", {"threadId": thread, "name": f"{number} " + "x" * MIB})
            most = max(most, resident(server))
            assert number * MIB < 4 * SOCKET_LIMITS.overflow
        # What Python keeps around the bytes, and what malloc does not give back, are not in the bound.
        assert most - before < 3 * SOCKET_LIMITS.overflow
        with suppress(TransportClosed):
            while True:
                await stopped.transport.receive()
        assert stopped.transport.close_reason == TOO_SLOW
        assert (await talking.request("thread/loaded/list", {}))["data"] == [thread]


async def test_a_client_that_asks_without_reading_is_paced_and_gets_every_answer_in_the_end(tmp_path: Path) -> None:
    # More bytes than the buffers of both ends can hold.
    most = 200_000
    asked: list[int] = []
    answered: list[int] = []
    enough = trio.Event()
    all_asked = trio.Event()

    async def ask(visitor: Client) -> None:
        while not enough.is_set() and len(asked) < most:
            asked.append(await visitor.send("model/list", {}))
        all_asked.set()

    async def read(visitor: Client) -> None:
        while True:
            message = json.loads(await visitor.transport.receive())
            if "id" in message:
                # Who asks faster than the server can answer at all is refused, which is an answer too.
                assert "result" in message or message["error"]["code"] == SERVER_OVERLOADED
                answered.append(message["id"])

    async with serving(tmp_path) as server, client(server) as greedy, client(server) as talking:
        before = resident(server)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, greedy)
            before_that = -1
            while len(asked) > before_that:
                before_that = len(asked)
                assert before_that < most, "the server stops reading from who does not read"
                for _ in range(50):
                    await talking.request("thread/loaded/list", {})
                    await trio.sleep(0.01)
            assert resident(server) - before < 64 * MIB
            enough.set()
            nursery.start_soon(read, greedy)
            await all_asked.wait()
            while len(answered) < len(asked):  # noqa: ASYNC110  # bounded by the server's own limit above
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        assert sorted(answered) == asked
