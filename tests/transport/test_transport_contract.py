"""What every transport promises, checked on each of them."""

import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from codex_trio.transport.base import MessageTransport, TransportClosed
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair
from codex_trio.transport.outbound import connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.stdio import StdioTransport
from codex_trio.transport.unix_socket import serve_unix_socket

Pair = tuple[MessageTransport, MessageTransport]


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
    """As Node starts its children: one socket pair per direction."""
    left_read, right_write = socket.socketpair()
    right_read, left_write = socket.socketpair()
    yield (
        StdioTransport(left_read.detach(), left_write.detach()),
        StdioTransport(right_read.detach(), right_write.detach()),
    )


@asynccontextmanager
async def over_a_unix_socket(folder: Path) -> AsyncGenerator[Pair]:
    """The left end is a client of this package, the right end is what the listener hands over."""
    handed_over, accepted = trio.open_memory_channel[MessageTransport](0)

    async def serve(transport: MessageTransport) -> None:
        await handed_over.send(transport)
        await trio.sleep_forever()

    async with bound_socket(folder / "s") as listening, trio.open_nursery() as nursery:
        nursery.start_soon(serve_unix_socket, listening, serve)
        async with connect(f"unix://{folder}/s") as client:
            yield client, await accepted.receive()
        nursery.cancel_scope.cancel()


TRANSPORTS = {
    "memory": in_memory,
    "pipes": over_pipes,
    "sockets": over_sockets,
    "unix": over_a_unix_socket,
}


@pytest.fixture(params=TRANSPORTS.values(), ids=TRANSPORTS)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Pair]:
    make: Callable[[Path], AbstractAsyncContextManager[Pair]] = request.param
    async with make(tmp_path) as ends:
        yield ends


async def take(end: MessageTransport) -> bytes | None:
    """The next message as bytes, whatever the transport makes of text."""
    message = await end.receive()
    return message.encode() if isinstance(message, str) else message


async def send_for_ever(end: MessageTransport) -> None:
    while True:
        await end.send(b"x" * 100_000)


async def test_messages_arrive_whole_and_in_order(pair: Pair) -> None:
    left, right = pair
    sent = [b"one", b"{}", "zwölf".encode(), b"x" * 5000]
    with trio.fail_after(5):
        await left.send(sent[0])
        await left.send_many(sent[1:])
        assert [await take(right) for _ in sent] == sent
    await left.aclose()
    await right.aclose()


async def test_nothing_to_send_is_nothing_sent(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(5):
        await left.send_many([])
        await left.send(b"after")
        assert await take(right) == b"after"
    await left.aclose()
    await right.aclose()


async def test_both_directions_carry_megabytes_at_once(pair: Pair) -> None:
    left, right = pair
    sent = [bytes([65 + number]) * 300_000 for number in range(10)]
    received: dict[str, list[object]] = {"left": [], "right": []}

    async def write(end: MessageTransport) -> None:
        await end.send_many(sent[:5])
        for message in sent[5:]:
            await end.send(message)

    async def read(name: str, end: MessageTransport) -> None:
        received[name] = [await take(end) for _ in sent]

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write, left)
            nursery.start_soon(write, right)
            nursery.start_soon(read, "left", left)
            nursery.start_soon(read, "right", right)
    assert received == {"left": sent, "right": sent}
    await left.aclose()
    await right.aclose()


async def test_a_peer_that_does_not_read_makes_the_sender_wait_and_nobody_else(pair: Pair) -> None:
    left, right = pair
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while True:
            await left.send(b"x" * 100_000)
            sent += 1

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            before = -1
            while before != sent:
                before = sent
                await trio.testing.wait_all_tasks_blocked(0.05)
            assert sent < 1000
            await right.receive()
            await right.receive()
            for _ in range(20):
                await right.receive()
            nursery.cancel_scope.cancel()
    await left.aclose()
    await right.aclose()


async def test_a_cancelled_receive_loses_nothing(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(5):
        with trio.move_on_after(0.02) as waiting:
            await right.receive()
        assert waiting.cancelled_caught
        await left.send_many([b"one", b"two"])
        with trio.CancelScope() as cancelled:
            cancelled.cancel()
            await right.receive()
        assert [await take(right), await take(right)] == [b"one", b"two"]
    await left.aclose()
    await right.aclose()


async def test_after_the_peer_closed_its_messages_are_still_received_then_it_is_gone(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(5):
        await left.send_many([b"one", b"two"])
        await left.aclose()
        assert await take(right) == b"one"
        assert await take(right) == b"two"
        with suppress(TransportClosed):
            assert await right.receive() is None
        with pytest.raises(TransportClosed):
            await send_for_ever(right)
    await right.aclose()


async def test_closing_wakes_a_receiver_of_this_end(pair: Pair) -> None:
    left, right = pair

    async def receive() -> None:
        with pytest.raises(TransportClosed):
            await left.receive()

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked()
            await left.aclose()
        await left.aclose()
        with pytest.raises(TransportClosed):
            await left.receive()
        with pytest.raises(TransportClosed):
            await left.send(b"too late")
    await right.aclose()


async def test_closing_wakes_a_sender_of_this_end(pair: Pair) -> None:
    left, right = pair

    async def flood() -> None:
        with pytest.raises(TransportClosed):
            await send_for_ever(left)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await left.aclose()
    await right.aclose()


async def test_an_in_process_client_can_stop_sending_and_go_on_receiving() -> None:
    client: MemoryTransport
    server, client = memory_transport_pair()
    with trio.fail_after(5):
        await client.send(b"question")
        await client.send_eof()
        assert await server.receive() == b"question"
        assert await server.receive() is None
        await server.send(b"answer")
        assert await client.receive() == b"answer"
    await server.aclose()
    await client.aclose()
