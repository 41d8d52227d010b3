"""A websocket listener for one test, and the way to it."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import trio

from codex_trio.conformance import websocket_port
from codex_trio.conformance.websocket_port import RawPeer
from codex_trio.transport.base import TransportClosed
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.websocket import bind_websocket
from codex_trio.transport.websocket_connection import WebsocketConnection
from codex_trio.transport.ws_auth import Authenticator


async def echo(connection: WebsocketConnection) -> None:
    """Say everything back, text as text and binary as binary."""
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
    """Provide a listener until the block ends; its address."""
    address = parse_listen_url(url)
    assert isinstance(address, WebsocketAddress)
    listener = await bind_websocket(address, None if authenticator is None else lambda: authenticator)
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(listener.run, serve))
        nursery.cancel_scope.cancel()


def raw_peer(address: WebsocketAddress) -> AbstractAsyncContextManager[RawPeer]:
    """Return a connection to the listener, cut at the end of the block."""
    return websocket_port.raw_peer(str(address.ip), address.port)
