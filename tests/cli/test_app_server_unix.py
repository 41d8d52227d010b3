"""`codex-trio app-server --listen unix://...`: where it listens, whom it refuses, what it leaves behind."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from codex_trio.client.errors import AppServerError
from codex_trio.client.process import StderrTail
from codex_trio.client.remote import open_remote_client
from codex_trio.transport.outbound import CannotConnect
from codex_trio.transport.socket_path import address_of

PATIENCE = 20


class Server:
    """A server process that listens on a socket."""

    def __init__(self, process: trio.Process, stderr: StderrTail) -> None:
        self.process = process
        self.stderr = stderr

    async def listens_at(self, path: Path) -> None:
        """Wait until clients can connect."""
        with trio.fail_after(PATIENCE):
            while self.process.returncode is None:
                try:
                    await (await trio.open_unix_socket(address_of(path))).aclose()
                except OSError:
                    await trio.sleep(0.02)
                else:
                    return
        raise AssertionError(f"the server ended: {self.stderr.text}")

    async def end(self) -> tuple[int, str]:
        """Return its exit code and all that it wrote to its standard error."""
        with trio.fail_after(PATIENCE):
            code = await self.process.wait()
            await self.stderr.ended.wait()
        return code, self.stderr.text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "codex").mkdir()
    return tmp_path / "codex"


@asynccontextmanager
async def running(home: Path, url: str, *, cwd: Path | None = None) -> AsyncGenerator[Server]:
    environ = {
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TMPDIR": str(home.parent),
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "codex_trio.testing.command", "app-server", "--listen", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        cwd=cwd,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    tail = StderrTail()
    async with process.stderr, process.stdout, trio.open_nursery() as nursery:
        nursery.start_soon(tail.drain, process.stderr)
        try:
            yield Server(process, tail)
            # Where clients do not read, nothing may be written.
            if process.returncode is not None:
                assert await process.stdout.receive_some() == b""
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            with trio.CancelScope(shield=True):
                await process.wait()


async def test_clients_share_the_server_at_the_default_socket_until_it_is_told_to_end(home: Path) -> None:
    path = home / "app-server-control" / "app-server-control.sock"
    async with running(home, "unix://") as server:
        await server.listens_at(path)
        async with open_remote_client(f"unix://{path}") as one, open_remote_client(f"unix://{path}") as two:
            assert (await one.initialize("one", "1.0"))["codexHome"] == str(home)
            await two.initialize("two", "1.0")
            with pytest.raises(AppServerError, match="not available over remote transports"):
                await two.request("device/key/public", {"keyId": "k"})
            with one.subscribe(methods=["thread/started"]) as news:
                thread = (await two.request("thread/start", {"ephemeral": True}))["thread"]
                with trio.fail_after(PATIENCE):
                    assert (await anext(news)).params["thread"]["id"] == thread["id"]
        server.process.send_signal(signal.SIGTERM)
        code, said = await server.end()
        assert code == 0
        assert said.splitlines() == ["codex app-server (unix socket)", f"  listening on: unix://{path}"]
    assert list(path.parent.iterdir()) == []
    with pytest.raises(CannotConnect, match=rf"^cannot connect to unix://{path}: No such file or directory$"):
        async with open_remote_client(f"unix://{path}"):
            pass


async def test_a_relative_path_counts_from_where_the_server_was_started(home: Path) -> None:
    async with running(home, "unix://sockets/s", cwd=home.parent) as server:
        await server.listens_at(home.parent / "sockets" / "s")


async def test_a_second_server_on_the_same_socket_ends_with_the_reason(home: Path) -> None:
    path = home / "s"
    async with running(home, f"unix://{path}") as first:
        await first.listens_at(path)
        async with running(home, f"unix://{path}") as second:
            refusal = f"Error: app-server control socket is already in use at {path}\n"
            assert await second.end() == (1, refusal)
        async with open_remote_client(f"unix://{path}") as client:
            await client.initialize("still-served", "1.0")


async def test_a_server_that_was_killed_does_not_stand_in_its_successors_way(home: Path) -> None:
    path = home / "s"
    async with running(home, f"unix://{path}") as first:
        await first.listens_at(path)
        first.process.kill()
        assert (await first.end())[0] == -signal.SIGKILL
    assert path.is_socket()
    async with running(home, f"unix://{path}") as second:
        await second.listens_at(path)


async def test_a_file_in_the_sockets_place_is_kept_and_named(home: Path) -> None:
    path = home / "notes"
    path.write_text("important")
    async with running(home, f"unix://{path}") as server:
        refusal = f"Error: app-server control socket path exists and is not a socket: {path}\n"
        assert await server.end() == (1, refusal)
    assert path.read_text() == "important"
