"""A pair of joined ends for every transport there is."""

import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from codex_trio.transport.base import MessageTransport
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.memory import memory_transport_pair
from codex_trio.transport.outbound import connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.stdio import StdioTransport
from codex_trio.transport.unix_socket import serve_unix_socket
from codex_trio.transport.websocket import bind_websocket

Pair = tuple[MessageTransport, MessageTransport]
"""The left end is a client's, the right end is what a listener hands over, where that makes a difference."""


@asynccontextmanager
async def in_memory(_folder: Path) -> AsyncGenerator[Pair]:
    yield memory_transport_pair()


@asynccontextmanager
async def over_pipes(_folder: Path) -> AsyncGenerator[Pair]:
    left_read, right_write = os.pipe()
    right_read, left_write = os.pipe()
    yield StdioTransport(left_read, left_write), StdioTransport(right_read, right_write)


@asynccontextmanager
async def over_sockets(_folder: Path) -> AsyncGenerator[Pair]:
    """A Node starts its children: one socket pair per direction."""
    left_read, right_write = socket.socketpair()
    right_read, left_write = socket.socketpair()
    yield (
        StdioTransport(left_read.detach(), left_write.detach()),
        StdioTransport(right_read.detach(), right_write.detach()),
    )


@asynccontextmanager
async def over_a_unix_socket(folder: Path) -> AsyncGenerator[Pair]:
    waiting = _HandedOver()
    async with bound_socket(folder / "s") as listening, trio.open_nursery() as nursery:
        nursery.start_soon(serve_unix_socket, listening, waiting.serve)
        async with connect(f"unix://{folder}/s") as client:
            yield client, await waiting.transport()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def over_a_websocket(_folder: Path) -> AsyncGenerator[Pair]:
    waiting = _HandedOver()
    address = parse_listen_url("ws://127.0.0.1:0")
    assert isinstance(address, WebsocketAddress)
    listener = await bind_websocket(address)
    async with trio.open_nursery() as nursery:
        bound = await nursery.start(partial(listener.run, waiting.serve))
        async with connect(f"ws://{bound}") as client:
            yield client, await waiting.transport()
        nursery.cancel_scope.cancel()


class _HandedOver:
    """What a listener calls for a client: keeps the transport for the test."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[MessageTransport](0)

    async def serve(self, transport: MessageTransport) -> None:
        await self._send.send(transport)
        await trio.sleep_forever()

    async def transport(self) -> MessageTransport:
        return await self._receive.receive()


TRANSPORTS = {
    "memory": in_memory,
    "pipes": over_pipes,
    "sockets": over_sockets,
    "unix": over_a_unix_socket,
    "websocket": over_a_websocket,
}
