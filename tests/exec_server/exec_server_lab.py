"""A client of an exec-server, over a connection in memory that a test can cut."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from codex_trio.exec_server.server import ExecServer, open_exec_server
from codex_trio.exec_server.session import AWAY_SECONDS
from codex_trio.sandbox.roots import NOTHING_GUARDED
from codex_trio.transport.base import MessageTransport, TransportClosed
from codex_trio.transport.memory import memory_transport_pair

PATIENCE = 30.0

T = TypeVar("T")


class Refusal(Exception):
    """The exec-server refused a request."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.message: str = error["message"]


class ExecClient:
    """One connection. Events are kept until they are taken; answers are matched by id."""

    def __init__(self, transport: MessageTransport) -> None:
        self.transport = transport
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[Any, dict[str, Any]] = {}
        self._count = 0

    async def send(self, method: str, params: Any = None) -> int:
        """Send a request; returns its id."""
        self._count += 1
        await self.transport.send(msgspec.json.encode({"id": self._count, "method": method, "params": params}))
        return self._count

    async def note(self, method: str, params: Any) -> None:
        """Send a notification."""
        await self.transport.send(msgspec.json.encode({"method": method, "params": params}))

    async def call(self, method: str, params: Any = None) -> Any:
        """Return the result of a request. Raises Refusal."""
        return await self.answer(await self.send(method, params))

    async def refusal(self, method: str, params: Any) -> Refusal:
        """Return why a request is refused."""
        try:
            result = await self.call(method, params)
        except Refusal as refused:
            return refused
        raise AssertionError(f"not refused: {result}")

    async def answer(self, request_id: int) -> Any:
        """Return the result of a request that was sent. Raises Refusal."""
        while request_id not in self._answers:
            await self.take()
        answer = self._answers.pop(request_id)
        if "error" in answer:
            raise Refusal(answer["error"])
        return answer["result"]

    async def until(self, method: str, process_id: str) -> dict[str, Any]:
        """Return the first event of that kind, once it is there."""
        while True:
            for name, params in self.events:
                if name == method and params["processId"] == process_id:
                    return params
            await self.take()

    async def take(self) -> None:
        """Take the next message."""
        with trio.fail_after(PATIENCE):
            message = await self.transport.receive()
        if message is None:
            raise TransportClosed
        decoded = msgspec.json.decode(message)
        if "method" in decoded:
            self.events.append((decoded["method"], decoded["params"]))
        else:
            self._answers[decoded["id"]] = decoded


async def in_thread(work: Callable[..., T], *args: object) -> T:
    """Return what blocking work returns; nobody waits for it any more once this is cancelled."""
    return await trio.to_thread.run_sync(lambda: work(*args), abandon_on_cancel=True)


def said(chunks: list[dict[str, Any]]) -> bytes:
    """Return the output in chunks of an answer, or in events."""
    return b"".join(base64.b64decode(chunk["chunk"]) for chunk in chunks)


def script(process_id: str, text: str, cwd: Path, **more: Any) -> dict[str, Any]:
    """Return the params that start a shell script."""
    variables = {"PATH": os.defpath}
    return {"processId": process_id, "argv": ["sh", "-c", text], "cwd": cwd.as_uri(), "env": variables, **more}


class ExecLab:
    def __init__(self, server: ExecServer, nursery: trio.Nursery) -> None:
        self.server = server
        self._nursery = nursery

    async def connect(self, *, resume: str | None = None, acknowledges: bool = False) -> tuple[ExecClient, str]:
        """Return a connected client, and the id of its session."""
        client = self.dial()
        params = {"clientName": "test", "resumeSessionId": resume, "acknowledgesOutput": acknowledges}
        result = await client.call("initialize", params)
        return client, result["sessionId"]

    def dial(self) -> ExecClient:
        """Return a client that has said nothing yet."""
        server_side, client_side = memory_transport_pair()
        self._nursery.start_soon(self.server.serve, server_side)
        return ExecClient(client_side)


@asynccontextmanager
async def open_lab(
    base: Path, *, away_seconds: float = AWAY_SECONDS, max_at_once: int | None = None
) -> AsyncGenerator[ExecLab]:
    """Provide an exec-server until the block ends."""
    environ = {"PATH": os.defpath, "HOME": str(base), "TMPDIR": str(base / "tmp")}
    (base / "tmp").mkdir(exist_ok=True)
    with trio.fail_after(2 * PATIENCE):
        async with (
            open_exec_server(
                environ,
                cwd=base,
                home=base,
                guarded=NOTHING_GUARDED,
                away_seconds=away_seconds,
                max_at_once=max_at_once,
            ) as server,
            trio.open_nursery() as nursery,
        ):
            yield ExecLab(server, nursery)
            nursery.cancel_scope.cancel()
