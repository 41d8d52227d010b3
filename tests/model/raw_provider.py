"""A provider made of raw bytes: tests need it to misbehave in ways that HTTP libraries prevent."""

import json
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import trio

from codex_trio.util.zstd import zstd_library

Reply = bytes | Callable[[trio.abc.Stream], Awaitable[None]]
"""The bytes of an answer, or what to do with the connection, which is closed after it."""

CREATED = {"type": "response.created", "response": {"id": "r1"}}
USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
COMPLETED = {"type": "response.completed", "response": {"id": "r1", "usage": USAGE}}


def sse(*events: dict[str, Any]) -> bytes:
    """Return events as a provider frames them."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (e["type"].encode(), json.dumps(e).encode()) for e in events)


def delta(text: str) -> dict[str, Any]:
    """Return a piece of a message."""
    return {"type": "response.output_text.delta", "item_id": "m1", "delta": text}


def http(status: int, body: object = b"", *, headers: str = "", reason: str = "-") -> bytes:
    """Return a whole answer; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status} {reason}\r\ncontent-length: {len(data)}\r\n{headers}\r\n".encode() + data


def streamed(*events: dict[str, Any], headers: str = "") -> bytes:
    """Return a whole answer of these events, sent in chunks as providers do."""
    body = sse(*events)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n{headers}\r\n"
    return head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


DONE = streamed(CREATED, COMPLETED)


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    target: str
    headers: dict[str, str]
    body: Any
    at: float


class RawProvider:
    """Answers one request after the other from a list, whose last entry is used again and again."""

    def __init__(self, replies: Sequence[Reply], url: str) -> None:
        self._replies = replies
        self._first = 0
        self.url = url
        self.requests: list[Received] = []
        self.connections = 0
        self.news = trio.Event()

    def answer(self, *replies: Reply) -> None:
        """Answer with these from now on."""
        self._replies = replies
        self._first = len(self.requests)

    async def serve(self, stream: trio.abc.Stream) -> None:
        self.connections += 1
        data = b""
        async with stream:
            while True:
                while b"\r\n\r\n" not in data:
                    if not (more := await _read(stream)):
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                size = int(length[1]) if length else 0
                while len(data) < size:
                    data += await _read(stream)
                body, data = data[:size], data[size:]
                self.requests.append(_received(head.decode("latin-1"), body))
                self.news.set()
                reply = self._replies[min(len(self.requests) - self._first, len(self._replies)) - 1]
                if not isinstance(reply, bytes):
                    await reply(stream)
                    return
                await stream.send_all(reply)


async def _read(stream: trio.abc.Stream) -> bytes:
    try:
        return bytes(await stream.receive_some(65536))
    except trio.BrokenResourceError:
        return b""


def _received(head: str, body: bytes) -> Received:
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("content-encoding") == "zstd":
        body = zstd_library().decompress(body)
    return Received(first.split(" ")[1], headers, json.loads(body) if body else None, trio.current_time())


@asynccontextmanager
async def open_provider(*replies: Reply, certificate: Path | None = None) -> AsyncGenerator[RawProvider]:
    """Provide a provider on loopback with these answers; it speaks TLS when it has a certificate."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    scheme = "http" if certificate is None else "https"
    provider = RawProvider(replies, f"{scheme}://127.0.0.1:{listener.socket.getsockname()[1]}/v1")

    async def serve(connection: trio.SocketStream) -> None:
        if certificate is None:
            await provider.serve(connection)
            return
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        with suppress(trio.BrokenResourceError):
            await provider.serve(trio.SSLStream(connection, context, server_side=True, https_compatible=True))

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(trio.serve_listeners, serve, [listener]))
        yield provider
        nursery.cancel_scope.cancel()
