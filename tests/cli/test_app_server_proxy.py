"""`codex-trio app-server proxy`: bytes both ways, and an end when either side ends."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.transport.socket_path import bound_socket, default_socket_path

PATIENCE = 20


@asynccontextmanager
async def proxy(home: Path, *arguments: str, cwd: Path | None = None) -> AsyncGenerator[trio.Process]:
    environ = {
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "codex_trio.testing.command", "app-server", "proxy", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        cwd=cwd,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    async with process.stdin, process.stdout, process.stderr:
        try:
            with trio.fail_after(PATIENCE):
                yield process
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()


@asynccontextmanager
async def listening(path: Path) -> AsyncGenerator[trio.SocketListener]:
    async with bound_socket(path) as bound, trio.SocketListener(trio.socket.from_stdlib_socket(bound.dup())) as server:
        yield server


async def read_all(stream: trio.abc.ReceiveStream | None) -> bytes:
    assert stream is not None
    return b"".join([bytes(data) async for data in stream])


async def test_bytes_go_both_ways_until_the_client_ends(tmp_path: Path) -> None:
    big = bytes(range(256)) * 4000
    async with listening(default_socket_path(tmp_path)) as server, proxy(tmp_path) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        stream = await server.accept()
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(client.stdin.send_all, big)
            received = bytearray()
            while len(received) < len(big):
                received += await stream.receive_some()
            assert received == big
            await stream.send_all(b"no line, no frame, \xff\x00")
            assert await client.stdout.receive_some() == b"no line, no frame, \xff\x00"
            await client.stdin.aclose()
            assert await stream.receive_some() == b""
            await stream.send_all(b"last words")
        assert await read_all(client.stdout) == b"last words"
        assert (await client.wait(), await read_all(client.stderr)) == (0, b"")


async def test_a_server_that_does_not_end_its_side_does_not_keep_the_proxy(tmp_path: Path) -> None:
    async with listening(tmp_path / "s") as server, proxy(tmp_path, "--sock", "s", cwd=tmp_path) as client:
        assert client.stdin is not None
        async with await server.accept():
            await client.stdin.aclose()
            assert await client.wait() == 0


async def test_the_client_hears_at_once_that_the_server_is_gone(tmp_path: Path) -> None:
    async with listening(tmp_path / "s") as server, proxy(tmp_path, "--sock", str(tmp_path / "s")) as client:
        stream = await server.accept()
        await stream.send_all(b"bye")
        await stream.aclose()
        assert await read_all(client.stdout) == b"bye"
        assert (await client.wait(), await read_all(client.stderr)) == (0, b"")


async def test_without_a_server_it_says_where_it_looked(tmp_path: Path) -> None:
    path = default_socket_path(tmp_path)
    async with proxy(tmp_path) as client:
        said = (await read_all(client.stderr)).decode()
        assert await client.wait() == 1
    assert said == (
        f"Error: failed to connect to socket at {path}\n\nCaused by:\n    No such file or directory (os error 2)\n"
    )
