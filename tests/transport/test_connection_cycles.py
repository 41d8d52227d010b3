"""Clients that come and go by the thousand leave nothing behind, and many at once are all served.

The short forms run always. The long ones, as the figures of the project's goals ask for them:

    CODEX_TRIO_LONG_TESTS=1 pytest tests/transport/test_connection_cycles.py
"""

import gc
import os
import resource
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import trio

from codex_trio.client.connection import AppServerClient
from codex_trio.client.listening import open_listening_server
from codex_trio.client.remote import open_remote_client
from codex_trio.server.app import App, AppSettings, open_app
from codex_trio.transport.listen import WebsocketAddress, parse_listen_url
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.unix_socket import serve_unix_socket
from codex_trio.transport.websocket import bind_websocket

LONG = "CODEX_TRIO_LONG_TESTS" in os.environ
CYCLES = 10_000 if LONG else 100
IDLE = 1000 if LONG else 50
TALKING = 200 if LONG else 10
REQUESTS = 50 if LONG else 20
AT_ONCE = 20
ROUNDS = 6
PATIENCE = 1800 if LONG else 120

Holdings = tuple[int, int, int]

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_REQUEST = b'{"id":1,"method":"initialize","params":{"clientInfo":{"name":"rude","version":"1"}}}'
INITIALIZE = bytes([0x81, 0x80 | len(_REQUEST)]) + bytes(4) + _REQUEST
assert len(_REQUEST) < 126

both_sockets = pytest.mark.parametrize("transport", ["unix", "websocket"])


@asynccontextmanager
async def serving(app: App, transport: str, folder: Path) -> AsyncGenerator[str]:
    """Provide the app behind a listener; the URL to connect to."""
    async with AsyncExitStack() as stack:
        if transport == "unix":
            listening = await stack.enter_async_context(bound_socket(folder / "s"))
            nursery = await stack.enter_async_context(trio.open_nursery())
            nursery.start_soon(serve_unix_socket, listening, partial(app.serve, remote=False))
            yield f"unix://{folder}/s"
        else:
            address = parse_listen_url("ws://127.0.0.1:0")
            assert isinstance(address, WebsocketAddress)
            listener = await bind_websocket(address)
            nursery = await stack.enter_async_context(trio.open_nursery())
            yield f"ws://{await nursery.start(partial(listener.run, partial(app.serve, remote=True)))}"
        nursery.cancel_scope.cancel()


def holdings() -> Holdings:
    """Tasks, file descriptors and busy threads of this process: idle ones are kept for a while, for whoever comes."""
    gc.collect()
    tasks = trio.lowlevel.current_statistics().tasks_living
    busy = [thread for thread in threading.enumerate() if not thread.name.startswith("Trio thread ")]
    return tasks, len(os.listdir("/proc/self/fd")), len(busy)


async def visit(url: str) -> None:
    """A client as it should be."""
    async with open_remote_client(url) as client:
        await client.initialize("visitor", "1.0")
        assert (await client.request("thread/loaded/list", {}))["data"] == []


async def leave_without_a_word(url: str, number: int) -> None:
    """A client that is gone, at one moment or another: in the handshake, behind it, or with a request under way."""
    stream = await raw_stream(url)
    async with stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all((UPGRADE[:-2], UPGRADE, UPGRADE + INITIALIZE)[number % 3])
            if number % 3:
                await stream.receive_some()


async def raw_stream(url: str) -> trio.SocketStream:
    scheme, _, place = url.partition("://")
    if scheme == "unix":
        return await trio.open_unix_socket(place)
    host, _, port = place.rpartition(":")
    return await trio.open_tcp_stream(host, int(port))


async def settled(baseline: Holdings) -> Holdings:
    """Return what is held once it is no more than the baseline, or after a patient while."""
    with trio.move_on_after(20):
        while any(now > before for now, before in zip(holdings(), baseline, strict=True)):  # noqa: ASYNC110  # nothing tells
            await trio.sleep(0.05)
    return holdings()


@both_sockets
async def test_clients_that_come_and_go_leave_nothing_behind(transport: str, tmp_path: Path) -> None:
    home = tmp_path / "codex"
    home.mkdir()
    environ = {"HOME": str(home), "CODEX_HOME": str(home), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    settings = AppSettings(codex_home=home, environ=environ, cwd=tmp_path, system_dir=home / "machine")

    async def keep_coming(url: str, numbers: Iterator[int]) -> None:
        for number in numbers:
            await (leave_without_a_word(url, number) if number % 4 == 0 else visit(url))

    held: list[Holdings] = []
    with trio.fail_after(PATIENCE):
        async with open_app(settings) as app, serving(app, transport, tmp_path) as url:
            for number in range(AT_ONCE):
                await visit(url)
                await leave_without_a_word(url, number)
            held.append(await settled(holdings()))
            # What the server opens once, while clients are quiet, may come at any moment: then one more round tells.
            while len(held) < ROUNDS and (len(held) < 2 or not is_level(*held[-2:])):
                numbers = iter(range(CYCLES))
                async with trio.open_nursery() as nursery:
                    for _ in range(AT_ONCE):
                        nursery.start_soon(keep_coming, url, numbers)
                assert next(numbers, None) is None
                held.append(await settled(held[-1]))
            await visit(url)
    assert is_level(*held[-2:]), held


def is_level(before: Holdings, after: Holdings) -> bool:
    """Return whether nothing was left behind in between."""
    return all(now <= then for now, then in zip(after, before, strict=True))


async def talk(url: str, answered: list[int]) -> None:
    async with open_remote_client(url) as client:
        await client.initialize("talker", "1.0")
        for _ in range(REQUESTS):
            assert (await client.request("thread/loaded/list", {}))["data"] == []
            answered.append(1)


@contextmanager
def many_descriptors() -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_idle_clients_by_the_hundred_do_not_keep_others_from_being_answered(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "CODEX_HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", "codex_trio.testing.command", "app-server"]
    answered: list[int] = []
    with many_descriptors(), trio.fail_after(PATIENCE):
        async with (
            open_listening_server(command, listen="ws://127.0.0.1:0", env=environ, cwd=tmp_path) as server,
            trio.open_nursery() as nursery,
        ):
            idle = [await nursery.start(stay, server.url) for _ in range(IDLE)]
            async with trio.open_nursery() as talkers:
                for _ in range(TALKING):
                    talkers.start_soon(talk, server.url, answered)
            for client in idle:
                assert (await client.request("thread/loaded/list", {}))["data"] == []
            nursery.cancel_scope.cancel()
    assert len(answered) == TALKING * REQUESTS


async def stay(url: str, *, task_status: trio.TaskStatus[AppServerClient]) -> None:
    async with open_remote_client(url) as client:
        await client.initialize("idler", "1.0")
        task_status.started(client)
        await trio.sleep_forever()
