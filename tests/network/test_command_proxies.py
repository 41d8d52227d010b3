"""The proxy of a command: what passes, what is refused, and what garbage does to it."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import trio

from codex_trio.config.settings import HostLists
from codex_trio.network.dialing import Unreachable
from codex_trio.network.judging import Refusal
from codex_trio.network.places import MOST_OF_A_COMMAND
from codex_trio.network.proxies import PLACE_SECONDS, CommandProxies, open_command_proxies
from codex_trio.network.relay import IDLE_SECONDS
from codex_trio.sandbox.policy import HostLimits

PATIENCE = 20.0
STRANGER = "93.184.216.34"


class ScriptedDialer:
    """Knows some names, and has every address lead to the test."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        self.names = names
        self.lookups: list[str] = []
        self.dialed: list[tuple[str, int]] = []
        self.accepted: list[trio.SocketStream] = []

    async def addresses(self, host: str, port: int) -> list[str]:
        del port
        await trio.lowlevel.checkpoint()
        self.lookups.append(host)
        if host not in self.names:
            raise Unreachable("its name was not found")
        return self.names[host]

    async def connect(self, address: str, port: int) -> trio.SocketStream:
        await trio.lowlevel.checkpoint()
        self.dialed.append((address, port))
        ours, theirs = trio.socket.socketpair()
        self.accepted.append(trio.SocketStream(theirs))
        return trio.SocketStream(ours)

    async def aclose(self) -> None:
        for stream in self.accepted:
            await stream.aclose()


class Command:
    """What a sandboxed command has: two ports, and nothing else."""

    def __init__(self, http: int, socks: int, dialer: ScriptedDialer, told: list[Refusal]) -> None:
        self.http = http
        self.socks = socks
        self.dialer = dialer
        self.told = told

    async def connect(self, port: int) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", port)

    async def http_says(self, text: str) -> str:
        """Send a request to the proxy, and return all that it says."""
        async with await self.connect(self.http) as stream:
            await stream.send_all(text.encode())
            return (await read_all(stream)).decode()

    async def socks_reply(self, *, ask: bytes, greeting: bytes = b"\5\1\0") -> bytes:
        async with await self.connect(self.socks) as stream:
            await stream.send_all(greeting + ask)
            return await read_all(stream)


def tunnel_to(host: str) -> bytes:
    return f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


async def read_all(stream: trio.SocketStream) -> bytes:
    data = b""
    try:
        while piece := await stream.receive_some(1 << 16):
            data += piece
    except trio.BrokenResourceError:
        pass  # It was closed with something unread: what it said counts.
    return data


def hand_over(proxies: CommandProxies, limits: HostLimits, told: list[Refusal]) -> tuple[int, int]:
    async def tell(refusal: Refusal) -> None:
        await trio.lowlevel.checkpoint()
        told.append(refusal)

    door = proxies.door(limits, tell=tell)
    with socket.socket(fileno=door.open()) as theirs, socket.socket() as http, socket.socket() as socks:
        for listener in (http, socks):
            listener.bind(("127.0.0.1", 0))
            listener.listen(MOST_OF_A_COMMAND)
        socket.send_fds(theirs, [b"l"], [http.fileno(), socks.fileno()])
        return http.getsockname()[1], socks.getsockname()[1]


@asynccontextmanager
async def open_command(limits: HostLists, names: dict[str, list[str]]) -> AsyncGenerator[Command]:
    dialer, told = ScriptedDialer(names), list[Refusal]()
    async with open_command_proxies(dialer) as proxies:
        http, socks = hand_over(proxies, HostLimits(own=limits), told)
        with trio.fail_after(PATIENCE):
            yield Command(http, socks, dialer, told)
        await dialer.aclose()


@pytest.fixture
async def command() -> AsyncGenerator[Command]:
    limits = HostLists(source="the test", allowed=("good.test", "rebound.test", "gone.test"), denied=("bad.test",))
    names = {"good.test": [STRANGER], "rebound.test": ["10.0.0.7"], "bad.test": [STRANGER], "new.test": [STRANGER]}
    async with open_command(limits, names) as opened:
        yield opened


async def test_a_tunnel_carries_bytes_both_ways_to_the_address_that_was_judged(command: Command) -> None:
    async with await command.connect(command.http) as stream:
        await stream.send_all(b"CONNECT Good.TEST:443 HTTP/1.1\r\nHost: other\r\n\r\nearly")
        head = await stream.receive_some(200)
        assert head == b"HTTP/1.1 200 Connection established\r\n\r\n"
        [far] = command.dialer.accepted
        assert await far.receive_some(100) == b"early"
        await far.send_all(b"hello")
        assert await stream.receive_some(100) == b"hello"
        await stream.send_eof()
        assert await far.receive_some(100) == b""
        await far.send_all(b"last")
        await far.aclose()
        assert await read_all(stream) == b"last"
    assert command.dialer.dialed == [(STRANGER, 443)]
    assert command.dialer.lookups == ["good.test"]


async def test_a_plain_request_is_passed_on_for_the_host_that_was_judged(command: Command) -> None:
    async with await command.connect(command.http) as stream:
        await stream.send_all(
            b"POST http://user:pw@good.test:8080/p?q=1 HTTP/1.1\r\nHost: bad.test\r\nX-Mine: 1\r\n"
            b"Connection: X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: secret\r\nContent-Length: 4\r\n\r\n"
            b"bodyGET http://bad.test/ HTTP/1.1\r\nHost: bad.test\r\n\r\n"
        )
        heard = b""
        while not command.dialer.accepted:
            await trio.lowlevel.checkpoint()
        [far] = command.dialer.accepted
        while b"body" not in heard:
            heard += await far.receive_some(1000)
        await far.send_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nanswer")
        await far.aclose()
        assert (await read_all(stream)).endswith(b"answer")
    head, _, body = heard.partition(b"\r\n\r\n")
    first, *rest = head.lower().split(b"\r\n")
    assert first == b"post /p?q=1 http/1.1"
    assert sorted(rest) == [b"connection: close", b"content-length: 4", b"host: good.test:8080", b"x-mine: 1"]
    assert body == b"body"
    assert command.dialer.dialed == [(STRANGER, 8080)]


@pytest.mark.parametrize(
    ("host", "reason", "header"),
    [
        ("bad.test", "denied", "blocked-by-denylist"),
        ("new.test", "not_allowed", "blocked-by-allowlist"),
        ("127.0.0.1", "not_allowed_local", "blocked-by-allowlist"),
        ("rebound.test", "not_allowed_local", "blocked-by-allowlist"),
    ],
)
async def test_a_refusal_names_the_host_and_the_reason(command: Command, host: str, reason: str, header: str) -> None:
    said = await command.http_says(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")
    head, _, body = said.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 403 Forbidden\r\n")
    assert f"x-proxy-error: {header}" in head
    told = msgspec.json.decode(body)
    assert (told["status"], told["host"], told["reason"]) == ("blocked", host, reason)
    assert f'Network access to "{host}" was blocked' in told["message"]
    tunnel = await command.http_says(tunnel_to(host).decode())
    assert f"x-proxy-error: {header}" in tunnel
    name = host.encode()
    socks = await command.socks_reply(ask=b"\5\1\0\3" + bytes([len(name)]) + name + b"\1\xbb")
    assert socks[:4] == b"\5\0\5\2"
    assert [refusal.host for refusal in command.told] == [host] * 3
    assert command.dialer.dialed == []
    # A name that nobody has allowed is not looked up either: that would tell it to somebody.
    assert set(command.dialer.lookups) <= {"rebound.test"}


async def test_what_cannot_be_reached_is_no_refusal(command: Command) -> None:
    said = await command.http_says(tunnel_to("gone.test").decode())
    assert said.startswith("HTTP/1.1 502 Bad Gateway\r\n")
    assert '"gone.test" port 443 could not be reached' in said
    assert (await command.socks_reply(ask=b"\5\1\0\3\x09gone.test\1\xbb"))[:4] == b"\5\0\5\4"
    assert command.told == []


async def test_socks_takes_names_and_addresses(command: Command) -> None:
    async with await command.connect(command.socks) as stream:
        await stream.send_all(b"\5\2\0\2")
        assert await stream.receive_some(2) == b"\5\0"
        await stream.send_all(b"\5\1\0\3\x09good.test\x1f\x90")
        assert await stream.receive_some(10) == b"\5\0\0\1" + bytes(6)
        [far] = command.dialer.accepted
        await stream.send_all(b"ping")
        assert await far.receive_some(10) == b"ping"
    assert command.dialer.dialed == [(STRANGER, 8080)]
    assert (await command.socks_reply(ask=b"\5\1\0\1\x7f\0\0\1\0\x50"))[:4] == b"\5\0\5\2"
    assert (await command.socks_reply(ask=b"\5\1\0\4" + b"\0" * 15 + b"\1\0\x50"))[:4] == b"\5\0\5\2"
    # UDP, listening, unknown kinds of address, and logins are not there.
    assert (await command.socks_reply(ask=b"\5\3\0\1\x08\x08\x08\x08\0\x50"))[:4] == b"\5\0\5\7"
    for nowhere in (b"\x09", b"\3\x09good.test\0\0", b"\3\x03a..\0\x50"):
        assert (await command.socks_reply(ask=b"\5\1\0" + nowhere))[:4] == b"\5\0\5\x08"
    assert await command.socks_reply(greeting=b"\5\1\2", ask=b"") == b"\5\xff"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\0" * 100,
        b"\xff" * 200_000,
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET https://good.test/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT good.test:99999 HTTP/1.1\r\n\r\n",
        b"CONNECT [::1 HTTP/1.1\r\n\r\n",
        b"POST http://good.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\4\1\0\x50\x7f\0\0\1\0",
        b"\5\1\0\5\1\0\3\3\xff\xfe\xfd\0\x50",
        b"\5\1\0\5\1\0\3\0\0\x50",
    ],
)
async def test_garbage_disturbs_nobody(command: Command, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    for port in (command.http, command.socks):
        async with await command.connect(port) as stream:
            try:
                await stream.send_all(garbage)
                await stream.send_eof()
            except (trio.BrokenResourceError, OSError):
                pass  # It did not want to hear all of it.
            for far in command.dialer.accepted:
                await far.aclose()
            await read_all(stream)
    assert (await command.http_says("GET http://bad.test/ HTTP/1.1\r\nHost: bad.test\r\n\r\n")).startswith(
        "HTTP/1.1 403"
    )
    assert caplog.records == []


async def test_connections_are_bounded_and_those_that_wait_come_next(command: Command) -> None:
    held: list[trio.SocketStream] = []
    for _ in range(MOST_OF_A_COMMAND):
        stream = await command.connect(command.http)
        await stream.send_all(tunnel_to("good.test"))
        assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 200")
        held.append(stream)
    late = await command.connect(command.http)
    await late.send_all(tunnel_to("good.test"))
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert len(command.dialer.dialed) == MOST_OF_A_COMMAND
    await held[0].aclose()
    await command.dialer.accepted[0].aclose()
    assert (await late.receive_some(100)).startswith(b"HTTP/1.1 200")
    for stream in (*held, late):
        await stream.aclose()


async def test_a_silent_connection_is_closed(mock_clock: trio.testing.MockClock) -> None:
    limits = HostLists(source="the test", allowed=("good.test",))
    dialer = ScriptedDialer({"good.test": [STRANGER]})
    async with open_command_proxies(dialer) as proxies:
        http, _ = hand_over(proxies, HostLimits(own=limits), [])
        async with await trio.open_tcp_stream("127.0.0.1", http) as stream:
            await stream.send_all(tunnel_to("good.test"))
            assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 200")
            await stream.send_all(b"x")
            assert await dialer.accepted[0].receive_some(1) == b"x"
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(IDLE_SECONDS - 1)
            await dialer.accepted[0].send_all(b"y")
            assert await stream.receive_some(1) == b"y"
            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(IDLE_SECONDS + 1)
            assert await stream.receive_some(100) == b""
    await dialer.aclose()


async def test_who_finds_no_place_is_told_so_after_a_while(mock_clock: trio.testing.MockClock, tmp_path: Path) -> None:
    dialer, place = ScriptedDialer({"good.test": [STRANGER]}), str(tmp_path / "http")
    async with open_command_proxies(dialer) as proxies:
        door = proxies.door(HostLimits(own=HostLists(source="the test", allowed=("good.test",))))
        with socket.socket(fileno=door.open()) as theirs, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place)
            listener.listen(MOST_OF_A_COMMAND)
            socket.send_fds(theirs, [b"l"], [listener.fileno()])
        held: list[trio.SocketStream] = []
        for _ in range(MOST_OF_A_COMMAND):
            held.append(await trio.open_unix_socket(place))
            await held[-1].send_all(tunnel_to("good.test"))
            assert (await held[-1].receive_some(100)).startswith(b"HTTP/1.1 200")
        late = await trio.open_unix_socket(place)
        await late.send_all(tunnel_to("good.test"))
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(PLACE_SECONDS + 1)
        said = await read_all(late)
        assert said.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        assert b"at most 64 at once" in said
        assert len(dialer.dialed) == MOST_OF_A_COMMAND
        for stream in (*held, late):
            await stream.aclose()
    await dialer.aclose()
