"""How many clients a listener takes, and that those who only stand at the door keep nobody out."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.transport.admission import FULL, HANDSHAKE_PATIENCE_SECONDS, AdmissionLimits
from codex_trio.transport.base import MessageTransport, TransportClosed
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.outbound import connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.unix_socket import serve_unix_socket
from codex_trio.transport.websocket import bind_websocket

LIMITS = AdmissionLimits(waiting=4, clients=3)
PATIENCE = 30

Listening = Callable[[Path], AbstractAsyncContextManager[str]]


async def echo(transport: MessageTransport) -> None:
    with contextlib.suppress(TransportClosed):
        while (message := await transport.receive()) is not None:
            await transport.send(message)
    await transport.aclose()


@contextlib.asynccontextmanager
async def on_a_port(_folder: Path) -> AsyncGenerator[str]:
    address = parse_listen_url("ws://127.0.0.1:0")
    assert isinstance(address, WebsocketAddress)
    listener = await bind_websocket(address, limits=LIMITS)
    async with trio.open_nursery() as nursery:
        yield f"ws://{await nursery.start(partial(listener.run, echo))}"
        nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def on_a_unix_socket(folder: Path) -> AsyncGenerator[str]:
    async with bound_socket(folder / "s") as listening, trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve_unix_socket, listening, echo, limits=LIMITS))
        yield f"unix://{folder}/s"
        nursery.cancel_scope.cancel()


async def stand_at_the_door(url: str) -> trio.SocketStream:
    """Return a connection that says nothing."""
    if url.startswith("unix://"):
        return await trio.open_unix_socket(url.removeprefix("unix://"))
    host, _, port = url.removeprefix("ws://").partition(":")
    return await trio.open_tcp_stream(host, int(port))


both = pytest.mark.parametrize("listening", [on_a_port, on_a_unix_socket])


@both
async def test_connections_that_say_nothing_keep_no_client_out(listening: Listening, tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE):
        async with listening(tmp_path) as url, contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(await stand_at_the_door(url)) for _ in range(3 * LIMITS.waiting)]
            async with connect(url) as client:
                await client.send(b"hello")
                assert await client.receive() == b"hello"
            # The first ones had to go.
            assert await idle[0].receive_some() == b""


@both
async def test_connections_at_the_door_may_stay_while_there_is_room(listening: Listening, tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE):
        async with listening(tmp_path) as url, contextlib.AsyncExitStack() as stack:
            idle = [await stack.enter_async_context(await stand_at_the_door(url)) for _ in range(LIMITS.waiting - 1)]
            async with connect(url):
                with trio.move_on_after(2 * HANDSHAKE_PATIENCE_SECONDS) as waiting:
                    await idle[0].receive_some()
                assert waiting.cancelled_caught


@both
async def test_a_client_too_many_is_told_so_and_the_others_stay(listening: Listening, tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE):
        async with listening(tmp_path) as url, contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connect(url)) for _ in range(LIMITS.clients)]
            async with connect(url) as another:
                with pytest.raises(TransportClosed, match="1013"):
                    await another.receive()
                assert another.close_reason == FULL
            for client in clients:
                await client.send(b"still here")
                assert await client.receive() == b"still here"
            await clients.pop().aclose()
            await trio.testing.wait_all_tasks_blocked(0.05)
            async with connect(url) as next_one:
                await next_one.send(b"room again")
                assert await next_one.receive() == b"room again"
