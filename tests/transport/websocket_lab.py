"""A websocket listener for one test, and a peer that decides on every byte it sends."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

import trio

from codex_trio.transport.base import TransportClosed
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.websocket import bind_websocket
from codex_trio.transport.websocket_connection import WebsocketConnection
from codex_trio.transport.ws_auth import Authenticator

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


async def echo(connection: WebsocketConnection) -> None:
    """Says everything back, text as text and binary as binary."""
    with contextlib.suppress(TransportClosed):
        while True:
            await connection.send_message(await connection.receive_message())


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[WebsocketConnection], Awaitable[None]] = echo,
    *,
    url: str = "ws://127.0.0.1:0",
    authenticator: Authenticator | None = None,
) -> AsyncGenerator[WebsocketAddress]:
    """A listener until the block ends; its address."""
    address = parse_listen_url(url)
    assert isinstance(address, WebsocketAddress)
    listener = await bind_websocket(address, None if authenticator is None else lambda: authenticator)
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(listener.run, serve))
        nursery.cancel_scope.cancel()


@dataclass(frozen=True)
class Response:
    """An answer as it came; header names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class RawPeer:
    """A TCP connection to the listener."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        await self.stream.send_all(data)

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, version: str = "1.1"
    ) -> None:
        """Sends the head of a request."""
        lines = [f"{method} {target} HTTP/{version}", "Host: x"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def response(self, *, to_head: bool = False) -> Response:
        """Reads the next answer."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += await self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        _, status, reason = status_line.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = 0 if to_head else int(headers.get("content-length", "0"))
        body = await self.exactly(length)
        return Response(int(status), reason, headers, body)

    async def exactly(self, count: int) -> bytes:
        """Reads so many bytes."""
        while len(self._buffer) < count:
            self._buffer += await self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    async def rest(self) -> bytes:
        """Reads until the server closes; a reset ends it too."""
        with contextlib.suppress(EOFError, trio.BrokenResourceError):
            while True:
                self._buffer += await self._more()
        data, self._buffer = self._buffer, b""
        return data

    async def upgrade(self, target: str = "/", headers: Mapping[str, str] | None = None) -> Response:
        """Asks for a websocket."""
        await self.request("GET", target, {**UPGRADE, **(headers or {})})
        return await self.response()

    async def _more(self) -> bytes:
        data = await self.stream.receive_some(65536)
        if not data:
            raise EOFError("the server closed the connection")
        return bytes(data)


@contextlib.asynccontextmanager
async def raw_peer(address: WebsocketAddress) -> AsyncGenerator[RawPeer]:
    """A connection to the listener, cut at the end of the block."""
    stream = await trio.open_tcp_stream(str(address.ip), address.port)
    try:
        yield RawPeer(stream)
    finally:
        await trio.aclose_forcefully(stream)
