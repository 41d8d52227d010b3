"""A websocket listener of our own for one test, and a peer that decides on every byte it sends."""

import contextlib
import os
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial

import trio

from codex_trio.transport.base import TransportClosed
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.websocket import WebsocketListener, bind_websocket
from codex_trio.transport.websocket_connection import WebsocketConnection
from codex_trio.transport.ws_auth import Authenticator

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n"
)
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


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
    listener: WebsocketListener = await bind_websocket(address, authenticator)
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(listener.run, serve))
        nursery.cancel_scope.cancel()
