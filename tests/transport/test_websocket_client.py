"""Asking a server for a websocket: what is asked, and which answers are none."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import h11
import pytest
import trio
import trio.testing

from codex_trio.transport.base import TransportClosed
from codex_trio.transport.handshake import accept_key
from codex_trio.transport.outbound import CannotConnect, connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.websocket_client import HANDSHAKE_SECONDS
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import FrameReader, FrameWriter, Message

PATIENCE = 30


@asynccontextmanager
async def answering(answer: bytes, *, hangs_up: bool = False) -> AsyncGenerator[tuple[str, list[h11.Request]]]:
    """Provide a server that answers each request with the same bytes, `ACCEPT` made what the key asks for.

    The URL, and the requests.
    """
    asked: list[h11.Request] = []

    async def serve(stream: trio.SocketStream) -> None:
        http = h11.Connection(h11.SERVER)
        while not isinstance(event := http.next_event(), h11.Request):
            http.receive_data(bytes(await stream.receive_some()))
        asked.append(event)
        key = dict(event.headers)[b"sec-websocket-key"]
        await stream.send_all(answer.replace(b"ACCEPT", accept_key(key)))
        if not hangs_up:
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield f"ws://127.0.0.1:{listener.socket.getsockname()[1]}", asked
        nursery.cancel_scope.cancel()


GRANTED = b"HTTP/1.1 101 \r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n"


async def test_a_server_is_asked_by_the_book_and_offered_no_extension() -> None:
    with trio.fail_after(PATIENCE):
        async with answering(GRANTED + b"\r\n") as (url, asked):
            for token in (None, "secret"):
                async with connect(f"{url}/path?and=query", token=token):
                    pass
    for request, more in zip(asked, ({}, {b"Authorization": b"Bearer secret"}), strict=True):
        headers = dict(request.headers.raw_items())
        assert len(headers.pop(b"Sec-WebSocket-Key")) == 24
        assert headers == {
            b"Host": url.removeprefix("ws://").encode(),
            b"Upgrade": b"websocket",
            b"Connection": b"Upgrade",
            b"Sec-WebSocket-Version": b"13",
            **more,
        }
        assert (request.method, request.target) == (b"GET", b"/path?and=query")


async def test_what_comes_right_behind_the_answer_is_not_lost() -> None:
    frames = b"".join(b"".join(frame) for frame in FrameWriter().message([b"early"], 5))
    closing = FrameWriter().close(CloseReason(4000, "and gone"))
    with trio.fail_after(PATIENCE):
        async with (
            answering(b"HTTP/1.1 103 \r\n\r\n" + GRANTED + b"\r\n" + frames + closing, hangs_up=True) as (url, _),
            connect(url) as client,
        ):
            assert await client.receive() == b"early"
            assert client.close_reason is None
            with pytest.raises(TransportClosed, match=r"closed with code 4000: and gone$"):
                await client.receive()
            assert client.close_reason == CloseReason(4000, "and gone")
            assert client.closed.is_set()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "the connection was closed"),
        (b"HTTP/1.1 101 \r\nUpg", "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the answer cannot be read: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP status 200, hello"),
        (b"HTTP/1.1 302 \r\nLocation: elsewhere\r\nContent-Length: 0\r\n\r\n", "HTTP status 302"),
        (b"HTTP/1.1 403 \r\n\r\nno en\xff", "HTTP status 403, no en\N{REPLACEMENT CHARACTER}"),
        (b"HTTP/1.1 503 \r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000, "HTTP status 503, " + "x" * 4096),
        (GRANTED.replace(b"ACCEPT", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") + b"\r\n", "the server's `Sec-WebSocket-Accept` "),
        (GRANTED.replace(b"WebSocket", b"h2c", 1) + b"\r\n", "the server changes to another protocol"),
        (GRANTED + b"Sec-WebSocket-Protocol: chat\r\n\r\n", "the server agrees on a `Sec-WebSocket-Protocol` "),
        (GRANTED + b"Sec-WebSocket-Extensions: x\r\n\r\n", "the server agrees on a `Sec-WebSocket-Extensions` "),
    ],
    ids=["nothing", "half", "ssh", "200", "302", "403", "long", "accept", "h2c", "protocol", "extension"],
)
async def test_an_answer_that_grants_no_websocket_is_named(answer: bytes, problem: str) -> None:
    with trio.fail_after(PATIENCE):
        async with answering(answer, hangs_up=True) as (url, _):
            with pytest.raises(CannotConnect) as refused:
                async with connect(url):
                    pass
    assert str(refused.value).startswith(f"cannot connect to {url}: the websocket handshake failed: {problem}")
    assert len(str(refused.value)) < 5000


async def test_a_server_that_takes_its_time_with_every_byte_is_not_waited_for(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    async def trickle(stream: trio.SocketStream) -> None:
        for byte in GRANTED * 100:
            await trio.sleep(HANDSHAKE_SECONDS / 10)
            await stream.send_all(bytes([byte]))

    # Connections to a unix socket stand at once, whatever the clock does.
    async with bound_socket(tmp_path / "s") as listening, trio.open_nursery() as nursery:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening.dup()))
        await nursery.start(trio.serve_listeners, trickle, [listener])
        with pytest.raises(CannotConnect, match=r"handshake failed: it took too long$"):
            async with connect(f"unix://{tmp_path}/s"):
                pass
        assert trio.current_time() < 3 * HANDSHAKE_SECONDS
        nursery.cancel_scope.cancel()


async def test_a_client_masks_what_it_says_anew_each_time() -> None:
    heard: list[bytes] = []
    whole = trio.Event()
    reader = FrameReader(max_message_bytes=1 << 20)

    async def serve(stream: trio.SocketStream) -> None:
        http = h11.Connection(h11.SERVER)
        while not isinstance(event := http.next_event(), h11.Request):
            http.receive_data(bytes(await stream.receive_some()))
        accept = accept_key(dict(event.headers)[b"sec-websocket-key"])
        await stream.send_all(GRANTED.replace(b"ACCEPT", accept) + b"\r\n")
        while len(b"".join(heard)) < 2 * (2 + 4 + 5):
            heard.append(bytes(await stream.receive_some()))
        reader.feed(b"".join(heard))
        whole.set()

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            [listener] = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            async with connect(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}") as client:
                await client.send(b"hello")
                await client.send(b"hello")
                await whole.wait()
            nursery.cancel_scope.cancel()
    assert [reader.next_event(), reader.next_event()] == [Message(b"hello")] * 2
    first, second = b"".join(heard)[:11], b"".join(heard)[11:]
    assert first != second
