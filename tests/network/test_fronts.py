"""What the proxies speak: clients that stop half-way, go, or want more than a proxy gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.network.gate import Opener
from codex_trio.network.http_front import serve_http
from codex_trio.network.judging import HostAttempt
from codex_trio.network.relay import HALF_CLOSED_SECONDS, IDLE_SECONDS
from codex_trio.network.socks_front import serve_socks

REQUEST = b"GET http://good.test/slow HTTP/1.1\r\nHost: good.test\r\n\r\n"
TUNNEL = b"CONNECT good.test:443 HTTP/1.1\r\nHost: good.test\r\n\r\n"
SOCKS = b"\5\1\0\5\1\0\3\x09good.test\x1f\x90"
_PATIENCE = 10 * IDLE_SECONDS
SOON = 31.0
"""Longer than a client may take to say what it wants."""


def stream_pair() -> tuple[trio.SocketStream, trio.SocketStream]:
    ours, theirs = trio.socket.socketpair()
    return trio.SocketStream(ours), trio.SocketStream(theirs)


class OneHost:
    """Opens everything; each connection leads to the test."""

    def __init__(self) -> None:
        self.attempts: list[HostAttempt] = []
        self.ours, self.theirs = stream_pair()

    async def open(self, attempt: HostAttempt) -> trio.SocketStream:
        await trio.lowlevel.checkpoint()
        self.attempts.append(attempt)
        return self.theirs


Serve = Callable[[trio.SocketStream, Opener], Awaitable[None]]


class Served:
    """One connection, and the host that it leads to."""

    def __init__(self) -> None:
        self.host = OneHost()
        self.client, self._proxy = stream_pair()
        self.is_over = trio.Event()

    async def run(self, serve: Serve) -> None:
        async with self._proxy:
            await serve(self._proxy, self.host)
        self.is_over.set()

    def close(self) -> None:
        for stream in (self.client, self.host.ours, self.host.theirs):
            stream.socket.close()

    async def say(self, data: bytes) -> None:
        await self.client.send_all(data)
        await wait_all_tasks_blocked()


@asynccontextmanager
async def open_served(serve: Serve) -> AsyncGenerator[Served]:
    with closing(Served()) as served, trio.fail_after(_PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(served.run, serve)
            yield served
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (serve_http, b""),
        (serve_http, b"GET http://good.test/ HTTP/1.1\r\nX-Slow: "),
        (serve_http, b"CONNECT good.test:443 HTTP/1.1\r\n"),
        (serve_socks, b"\5\4\0"),
        (serve_socks, SOCKS[:-1]),
    ],
)
async def test_who_never_says_all_that_it_wants_is_not_waited_for(
    mock_clock: MockClock, serve: Serve, said: bytes
) -> None:
    async with open_served(serve) as served:
        await served.say(said)
        assert not served.is_over.is_set()
        mock_clock.jump(SOON / 2)
        await wait_all_tasks_blocked()
        assert not served.is_over.is_set()
        mock_clock.jump(SOON / 2)
        await served.is_over.wait()
    assert served.host.attempts == []


@pytest.mark.parametrize("line", [b"X-Long: " + b"a" * (1 << 20), b"X: y\r\n" * (1 << 17)])
async def test_a_head_of_any_length_is_refused_after_64_kib(line: bytes) -> None:
    async with open_served(serve_http) as served:
        with suppress(trio.BrokenResourceError):  # It may not hear all of it.
            await served.client.send_all(REQUEST[:-2] + line)
        await served.is_over.wait()
    assert served.host.attempts == []


@pytest.mark.parametrize(
    ("serve", "said"), [(serve_http, REQUEST), (serve_http, TUNNEL), (serve_socks, SOCKS)], ids=["GET", "CONNECT", "5"]
)
async def test_who_has_gone_keeps_a_connection_for_no_more_than_a_while(
    mock_clock: MockClock, serve: Serve, said: bytes
) -> None:
    async with open_served(serve) as served:
        await served.say(said)
        # A host that takes its time to answer is waited for,
        mock_clock.jump(IDLE_SECONDS - 1)
        await wait_all_tasks_blocked()
        assert not served.is_over.is_set()
        # also for somebody who only says no more,
        await served.client.send_eof()
        await wait_all_tasks_blocked()
        mock_clock.jump(HALF_CLOSED_SECONDS - 1)
        await served.host.ours.send_all(b"HTTP/1.1 200 OK\r\n")
        await wait_all_tasks_blocked()
        assert (await served.client.receive_some(1000)).endswith(b"HTTP/1.1 200 OK\r\n")
        # but not for ever.
        mock_clock.jump(HALF_CLOSED_SECONDS + 1)
        await served.is_over.wait()


async def test_a_request_that_is_long_in_coming_is_not_cut(mock_clock: MockClock) -> None:
    async with open_served(serve_http) as served:
        await served.say(b"PUT http://good.test/ HTTP/1.1\r\nHost: good.test\r\nContent-Length: 4\r\n\r\n")
        for piece in b"abcd":
            mock_clock.jump(IDLE_SECONDS - 1)
            await served.say(bytes([piece]))
            assert (await served.host.ours.receive_some(1000)).endswith(bytes([piece]))
        await served.host.ours.send_all(b"HTTP/1.1 201 Created\r\n\r\n")
        await served.host.ours.send_eof()
        assert await served.client.receive_some(1000) == b"HTTP/1.1 201 Created\r\n\r\n"
        await served.is_over.wait()


async def test_another_protocol_is_not_switched_to_but_in_a_tunnel() -> None:
    asked = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    async with open_served(serve_http) as plain, open_served(serve_http) as tunnel:
        await plain.say(REQUEST[:-2] + asked)
        assert b"upgrade" not in (await plain.host.ours.receive_some(1000)).lower()
        # What is said behind the request goes nowhere: it was judged as one request.
        await plain.say(b"GET /admin HTTP/1.1\r\nHost: other.test\r\n\r\n")
        await plain.host.ours.send_eof()
        await plain.is_over.wait()
        assert await plain.host.ours.receive_some(1000) == b""
        await tunnel.say(TUNNEL + b"GET / HTTP/1.1\r\n" + asked)
        assert (await tunnel.host.ours.receive_some(1000)).endswith(asked)
