"""Clients on the unix socket: what they may send, how they are told that it ends, and that none harms another."""

import logging
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from codex_trio.transport.base import MAX_MESSAGE_BYTES, MessageTransport, TransportClosed
from codex_trio.transport.outbound import CannotConnect, connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.unix_socket import HANDSHAKE_SECONDS, serve_unix_socket
from codex_trio.transport.websocket_connection import CLOSE_SECONDS
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import MAX_SENT_FRAME_BYTES

UPGRADE = (
    b"GET /any/path?at=all HTTP/1.1\r\nHost: anything\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


async def echo(transport: MessageTransport) -> None:
    try:
        while (message := await transport.receive()) is not None:
            await transport.send(message)
    except TransportClosed:
        await transport.aclose()


@asynccontextmanager
async def serving(
    path: Path, serve: Callable[[MessageTransport], Awaitable[None]] = echo
) -> AsyncGenerator[trio.Nursery]:
    async with bound_socket(path) as listening, trio.open_nursery() as nursery:
        nursery.start_soon(serve_unix_socket, listening, serve)
        with trio.fail_after(20):
            yield nursery
        nursery.cancel_scope.cancel()


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Return a client's frame, masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
    return bytes([(0x80 if final else 0) | opcode]) + length + bytes(4) + payload


class RawClient:
    """A client that writes its bytes itself."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.buffer = b""

    async def upgrade(self, *headers: bytes) -> bytes:
        """Make the handshake; the answer's head."""
        await self.stream.send_all(UPGRADE + b"".join(header + b"\r\n" for header in headers) + b"\r\n")
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += await self.stream.receive_some() or b"\r\n\r\n"
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    async def frame(self) -> tuple[int, bytes]:
        """Return the server's next frame."""
        first, size = await self._read(2)
        if size > 125:
            size = int.from_bytes(await self._read(2 if size == 126 else 8), "big")
        return first & 0x0F, await self._read(size)

    async def rest(self) -> bytes:
        """Return what comes until the server has closed."""
        while data := await self.stream.receive_some():
            self.buffer += data
        return self.buffer

    async def _read(self, count: int) -> bytes:
        while len(self.buffer) < count:
            data = await self.stream.receive_some()
            assert data, "the server closed"
            self.buffer += data
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found


@asynccontextmanager
async def raw_client(path: Path) -> AsyncGenerator[RawClient]:
    async with await trio.open_unix_socket(path) as stream:
        yield RawClient(stream)


async def test_the_handshake_is_accepted_on_any_path_and_negotiates_nothing(tmp_path: Path) -> None:
    offers = [b"Sec-WebSocket-Extensions: permessage-deflate", b"Sec-WebSocket-Protocol: chat", b"Origin: http://x"]
    async with serving(tmp_path / "s"), raw_client(tmp_path / "s") as client:
        status, *headers = (await client.upgrade(*offers)).lower().split(b"\r\n")
        assert status == b"http/1.1 101 switching protocols"
        assert sorted(headers) == [
            b"connection: upgrade",
            b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
            b"upgrade: websocket",
            b"x-codex-websocket-max-unfragmented-message-bytes: 16777216",
        ]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"hello\r\n\r\n",
        b"",
    ],
    ids=["plain HTTP", "POST", "no HTTP", "nothing"],
)
async def test_whoever_makes_no_handshake_is_let_go_and_the_others_stay(tmp_path: Path, request_bytes: bytes) -> None:
    async with (
        serving(tmp_path / "s"),
        connect(f"unix://{tmp_path}/s") as neighbour,
        raw_client(tmp_path / "s") as client,
    ):
        await client.stream.send_all(request_bytes)
        if not request_bytes:
            await client.stream.send_eof()
        assert b" 101 " not in await client.rest()
        await neighbour.send(b"still there")
        assert await neighbour.receive() == b"still there"


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n"], ids=["nothing", "half a request"])
async def test_whoever_never_says_what_is_waited_for_is_let_go_in_the_end(
    tmp_path: Path, mock_clock: MockClock, said: bytes
) -> None:
    mock_clock.rate = 1
    async with serving(tmp_path / "s"), raw_client(tmp_path / "s") as client:
        await client.stream.send_all(said)
        await trio.testing.wait_all_tasks_blocked(0.05)
        mock_clock.jump(HANDSHAKE_SECONDS + 1)
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "mistake",
    [frame(TEXT, b"\xff"), bytes([0x81, 2]) + b"hi", frame(0xC1, b"compressed?"), frame(3), frame(0, b"goes on")],
    ids=["not UTF-8", "unmasked", "reserved bit", "unknown opcode", "nothing to go on from"],
)
async def test_a_client_that_breaks_the_protocol_is_disconnected_and_the_others_stay(
    tmp_path: Path, mistake: bytes
) -> None:
    async with (
        serving(tmp_path / "s"),
        connect(f"unix://{tmp_path}/s") as neighbour,
        raw_client(tmp_path / "s") as client,
    ):
        await client.upgrade()
        await client.stream.send_all(frame(TEXT, b"before"))
        assert await client.frame() == (TEXT, b"before")
        await client.stream.send_all(mistake)
        await client.rest()
        await neighbour.send(b"still there")
        assert await neighbour.receive() == b"still there"


async def test_a_close_frame_is_answered_and_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"), raw_client(tmp_path / "s") as client:
        await client.upgrade()
        await client.stream.send_all(frame(CLOSE, struct.pack("!H", 1000)))
        assert await client.frame() == (CLOSE, struct.pack("!H", 1000))
        assert await client.rest() == b""


async def test_a_reason_to_close_reaches_the_client(tmp_path: Path) -> None:
    reason = CloseReason(1008, "too slow: " + "ö" * 100)

    async def turn_away(transport: MessageTransport) -> None:
        await transport.send(b"last words")
        await transport.aclose(reason)

    async with serving(tmp_path / "s", turn_away), connect(f"unix://{tmp_path}/s") as client:
        assert await client.receive() == b"last words"
        with pytest.raises(TransportClosed, match="closed with code 1008: too slow: ö"):
            await client.receive()
        assert client.close_reason is not None
        assert reason.text.startswith(client.close_reason.text)


@pytest.mark.parametrize("ping", [False, True], ids=["nothing", "a ping"])
async def test_closing_does_not_wait_for_a_client_that_answers_with_something_else(
    tmp_path: Path, *, ping: bool
) -> None:
    closed = trio.Event()

    async def turn_away(transport: MessageTransport) -> None:
        await transport.aclose(CloseReason(1001, "going"))
        closed.set()

    async with serving(tmp_path / "s", turn_away), raw_client(tmp_path / "s") as client:
        await client.upgrade()
        assert await client.frame() == (CLOSE, struct.pack("!H", 1001) + b"going")
        if ping:
            await client.stream.send_all(frame(PING, b"?"))
        with trio.fail_after(CLOSE_SECONDS + 5):
            await closed.wait()
        assert await client.rest() == b""


async def test_a_message_over_the_limit_ends_the_connection_with_the_code_for_it(
    tmp_path: Path,
) -> None:
    ended = trio.Event()

    async def serve(transport: MessageTransport) -> None:
        with pytest.raises(TransportClosed, match="code 1009"):
            await transport.receive()
        ended.set()

    async with serving(tmp_path / "s", serve), raw_client(tmp_path / "s") as client:
        await client.upgrade()
        # Refused by what it says of itself: none of it needs to be there.
        await client.stream.send_all(b"\x81\xff" + struct.pack("!Q", MAX_MESSAGE_BYTES + 1) + bytes(4))
        await ended.wait()
        assert (await client.frame())[1][:2] == struct.pack("!H", 1009)
        # The connection is really closed, not left to the garbage collector.
        assert await client.rest() == b""


async def test_a_long_message_travels_in_frames_that_0_169_takes(
    tmp_path: Path,
) -> None:
    text = "äöü€" * (MAX_SENT_FRAME_BYTES // 4)

    async def talk(transport: MessageTransport) -> None:
        await transport.send(text.encode())
        await transport.receive()

    async with serving(tmp_path / "s", talk), raw_client(tmp_path / "s") as client:
        await client.upgrade()
        frames = [await client.frame() for _ in range(3)]
        assert [opcode for opcode, _ in frames] == [TEXT, 0, 0]
        assert bool(b"".join(payload for _, payload in frames) == text.encode())


async def test_a_failure_while_serving_one_client_is_logged_and_the_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_or_echo(transport: MessageTransport) -> None:
        if await transport.receive() == b"fail":
            raise ZeroDivisionError
        await echo(transport)

    caplog.set_level(logging.ERROR)
    path = tmp_path / "s"
    async with serving(path, fail_or_echo), connect(f"unix://{path}") as good, connect(f"unix://{path}") as bad:
        await good.send(b"work")
        await bad.send(b"fail")
        with pytest.raises(TransportClosed):
            await bad.receive()
        await good.send(b"still there")
        assert await good.receive() == b"still there"
    assert "ZeroDivisionError" in caplog.text


async def test_a_server_that_hangs_up_during_the_handshake_is_not_waited_for(tmp_path: Path) -> None:
    async def hang_up(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.aclose()

    async with bound_socket(tmp_path / "s") as listening, trio.open_nursery() as nursery:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening.dup()))
        await nursery.start(trio.serve_listeners, hang_up, [listener])
        with trio.fail_after(5), pytest.raises(CannotConnect, match="handshake failed: the connection was closed"):
            async with connect(f"unix://{tmp_path}/s"):
                pass
        nursery.cancel_scope.cancel()
