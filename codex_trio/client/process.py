"""An app-server as a child process. Owns its life: start, stderr, and an end that leaves no process behind.

    async with open_stdio_client(["codex-trio", "app-server"]) as server:
        await server.client.initialize("my-editor", "1.0")

A server that listens, for more clients than one, is started by `listening`.
"""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trio
import trio.abc

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import AppServerClient, Observer, open_client
from codex_trio.client.errors import ServerGone
from codex_trio.util.bell import Bell
from codex_trio.util.plain_errors import with_plain_errors

_STDERR_LIMIT = 64 * 1024
_STDERR_SETTLE_SECONDS = 0.5


class StderrTail:
    """The last part of what a process writes to its standard error."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._news = Bell()
        self.ended = trio.Event()
        """Set once the process has closed its standard error."""

    @property
    def text(self) -> str:
        """What is kept so far; bytes that are not UTF-8 are replaced."""
        return self._kept.decode(errors="replace")

    async def drain(self, stream: trio.abc.ReceiveStream) -> None:
        """Read until the process closes its end."""
        with contextlib.suppress(trio.BrokenResourceError):
            async for data in stream:
                self._kept += data
                del self._kept[:-_STDERR_LIMIT]
                self._news.ring()
        self.ended.set()
        self._news.ring()

    async def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Wait until what is kept matches somewhere; None when the process closed its standard error before."""
        while (found := pattern.search(self.text)) is None and not self.ended.is_set():
            await self._news.wait()
        return found


@dataclass(frozen=True)
class ServerProcess:
    """A running app-server process. Made by `open_server_process`."""

    process: trio.Process
    stderr_tail: StderrTail

    @property
    def stderr(self) -> str:
        """The last 64 KiB of what the server wrote to its standard error."""
        return self.stderr_tail.text

    def kill(self) -> None:
        """Kill the server and its process group at once (SIGKILL), as a crash would."""
        _signal_group(self.process, signal.SIGKILL)

    async def describe_end(self) -> ServerGone:
        """Return how the server ended, for the errors of whoever still waits for it."""
        # The process and its stderr end a moment after its stdout; a report without them would help nobody.
        with trio.move_on_after(_STDERR_SETTLE_SECONDS, shield=True):
            await self.process.wait()
            await self.stderr_tail.ended.wait()
        code = self.process.returncode
        how = "the server closed its output" if code is None else f"the server exited with code {code}"
        return ServerGone(how, stderr=self.stderr)


@dataclass(frozen=True)
class SpawnedServer(ServerProcess):
    """A running app-server process and the connection to it. Made by `open_stdio_client`."""

    client: AppServerClient


@with_plain_errors
@contextlib.asynccontextmanager
async def open_server_process(
    command: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | Path | None, pipes: bool
) -> AsyncGenerator[ServerProcess]:
    """Start a command in a process group of its own; at the end whatever is left of the group is killed.

    `env` replaces the whole environment when given. `pipes` connects standard input and output to this process;
    without it the one is empty and the other thrown away. Raises OSError when the command cannot start.
    """
    process = await trio.lowlevel.open_process(
        list(command),
        stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
        stdout=subprocess.PIPE if pipes else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
    )
    assert process.stderr is not None
    server = ServerProcess(process, StderrTail())
    async with process.stderr, trio.open_nursery() as nursery:
        nursery.start_soon(server.stderr_tail.drain, process.stderr)
        try:
            yield server
        finally:
            server.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
            nursery.cancel_scope.cancel()


async def terminate(server: ServerProcess, *, grace_seconds: float) -> None:
    """Ask a server to end by SIGTERM, unless it has ended, and wait for it, at most `grace_seconds`."""
    if server.process.poll() is not None:
        return
    server.process.terminate()
    with trio.move_on_after(grace_seconds):
        await server.process.wait()


@with_plain_errors
@contextlib.asynccontextmanager
async def open_stdio_client(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    observer: Observer | None = None,
    refuse_unhandled: bool = True,
    grace_seconds: float = 5.0,
) -> AsyncGenerator[SpawnedServer]:
    """Start an app-server and talk to it over its standard input and output until the block ends.

    `env` replaces the whole environment when given. At the end the server's input is closed; a server that has not
    ended after `grace_seconds` is terminated, then killed. Whatever is left of its process group is killed in any
    case. `observer` and `refuse_unhandled` are those of `open_client`. Raises OSError when the command cannot start.
    """
    async with open_server_process(command, env=env, cwd=cwd, pipes=True) as running:
        process = running.process
        assert process.stdin is not None
        assert process.stdout is not None
        channel = LineChannel(process.stdin, process.stdout)
        async with open_client(channel, observer=observer, refuse_unhandled=refuse_unhandled) as client:
            client.describe_end = running.describe_end
            try:
                yield SpawnedServer(process, running.stderr_tail, client)
            finally:
                await _close(channel, running, grace_seconds)


async def _close(channel: LineChannel, server: ServerProcess, grace_seconds: float) -> None:
    """Let the server end by itself: first by closing its input, then by SIGTERM."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(grace_seconds):
            await channel.close_sending()
            await server.process.wait()
        await terminate(server, grace_seconds=grace_seconds)


def _signal_group(process: trio.Process, number: signal.Signals) -> None:
    """Signal the server's process group: the server is its leader, so its own id is the group's."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
