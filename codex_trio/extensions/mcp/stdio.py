"""A server as a process: its messages are lines on its standard streams.

Owns: what a server's process is started with, and the end of its standard error, for the message when it fails. Does
not own: how processes are started and killed (`execution`); whatever happens to this server, its spawner ends them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import trio

from codex_trio.execution.errors import SpawnError, StdinClosed
from codex_trio.execution.groups import RunningProcess
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.extensions.mcp.errors import McpGone
from codex_trio.extensions.mcp.settings import StdioCommand

Start = Callable[[SpawnRequest], ManagedProcess]
"""Starts a process, which is killed with all that it started when it is closed. Raises SpawnError."""

StartElsewhere = Callable[[str, SpawnRequest, Sequence[str]], Awaitable[RunningProcess]]
"""Starts a process in the environment of that id, with these variables of those that there are there; without a folder,
in the one that the environment has. Raises SpawnError, McpGone.
"""

MAX_LINE_BYTES = 64 << 20
_KEPT_STDERR = 4096
_LAST_WORDS_SECONDS = 1.0
_REST_SECONDS = 0.1
_REST_BYTES = MAX_LINE_BYTES
"""How long and how much is read of a server that has ended: what it started may hold its streams open for good."""

_INHERITED = (
    "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CODEX_CA_CERTIFICATE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
)  # fmt: skip
"""The only variables of ours that a server sees without being given them (0.169.0)."""


class StdioChannel:
    """See the module."""

    def __init__(self, command: str, process: RunningProcess) -> None:
        self._command = command
        self._process = process
        self._buffer = bytearray()
        self._searched = 0
        self._stderr = bytearray()
        self._stderr_ended = trio.Event()
        self._sending = trio.Lock()
        self._is_torn = False
        """Whether the latest message was given up before all of it was sent."""
        self._reading = trio.CancelScope()
        self._has_ended = False
        self._rest = _REST_BYTES

    async def send(self, message: bytes) -> None:
        async with self._sending:
            await trio.lowlevel.checkpoint_if_cancelled()
            # What is left of a message that was given up must not take this one along.
            start, self._is_torn = b"\n" if self._is_torn else b"", True
            try:
                await self._process.write(start + message + b"\n")
                self._is_torn = False
            except (StdinClosed, trio.BrokenResourceError, trio.ClosedResourceError):
                raise McpGone(await self._last_words()) from None

    async def receive(self) -> bytes | None:
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._searched = 0
                # Many lines come at once: others have their turn between them.
                await trio.lowlevel.checkpoint()
                if line.strip():
                    return line
                continue
            self._searched = len(self._buffer)
            if self._searched > MAX_LINE_BYTES:
                raise McpGone(f"the server sent a line of more than {MAX_LINE_BYTES} bytes")
            data = await self._more()
            if not data:
                raise McpGone(await self._last_words())
            self._buffer += data

    async def _more(self) -> bytes:
        """Return what comes next; nothing when nothing more is to come."""
        if not self._has_ended:
            with trio.CancelScope() as self._reading:
                return await self._process.stdout.receive()
        if self._rest <= 0 or not self._process.stdout.has_data():
            return b""
        data = await self._process.stdout.receive()
        self._rest -= len(data)
        return data

    async def notice_end(self) -> None:
        """Wait no longer for a server that has ended."""
        await self._process.wait()
        await trio.sleep(_REST_SECONDS)
        self._has_ended = True
        self._reading.cancel()

    def agreed(self, revision: str) -> None:
        """Lines are the same in every revision."""

    async def keep_stderr(self) -> None:
        """Read the standard error to its end, lest the server waits to write."""
        stream = self._process.stderr
        assert stream is not None
        while data := await stream.receive():
            self._stderr += data
            del self._stderr[:-_KEPT_STDERR]
        self._stderr_ended.set()

    async def _last_words(self) -> str:
        """Return how the server ended. Its standard error, and it itself, may end a moment after the rest."""
        with trio.move_on_after(_LAST_WORDS_SECONDS):
            await self._stderr_ended.wait()
            await self._process.wait()
        code, reason = self._process.exit_code, self._process.ended_because
        how = "closed its output and runs on" if code is None else f"ended with exit code {code}"
        told = f"connection closed: its command `{self._command}` {how}"
        if reason is not None:
            told += f", as {reason}"
        words = self._stderr.decode(errors="replace").strip()
        return f"{told}:\n{words}" if words else told


@asynccontextmanager
async def open_stdio(
    name: str, server: StdioCommand, *, start: Start, environ: Mapping[str, str], folder: str
) -> AsyncGenerator[StdioChannel]:
    """Provide the channel to a process; `folder` is where it runs unless it says otherwise. Raises McpGone."""
    request = SpawnRequest(
        argv=(server.command, *server.args),
        cwd=server.cwd or folder,
        env=variables(server, environ),
        open_stdin=True,
        merge_output=False,
    )
    try:
        process = start(request)
    except SpawnError as error:
        raise McpGone(_why_not_started(name, server, request, error)) from error
    async with _open_process(server, process) as channel:
        yield channel


@asynccontextmanager
async def open_elsewhere(
    name: str, server: StdioCommand, *, start: StartElsewhere, environ: Mapping[str, str]
) -> AsyncGenerator[StdioChannel]:
    """Provide the channel to a process in another environment. Raises McpGone."""
    request = SpawnRequest(
        argv=(server.command, *server.args),
        cwd=server.cwd or "",
        env={name: environ[name] for name in server.variables if name in environ} | dict(server.env),
        open_stdin=True,
        merge_output=False,
    )
    try:
        process = await start(server.environment, request, (*_INHERITED, *server.variables_there))
    except SpawnError as error:
        why = _why_not_started(name, server, request, error)
        raise McpGone(f"in environment `{server.environment}`: {why}") from error
    try:
        async with _open_process(server, process) as channel:
            yield channel
    finally:
        # Nobody there ends it for us. It takes a bounded time.
        with trio.CancelScope(shield=True):
            await process.kill()


@asynccontextmanager
async def _open_process(server: StdioCommand, process: RunningProcess) -> AsyncGenerator[StdioChannel]:
    async with process, trio.open_nursery() as nursery:
        channel = StdioChannel(server.command, process)
        nursery.start_soon(channel.keep_stderr)
        nursery.start_soon(channel.notice_end)
        yield channel
        nursery.cancel_scope.cancel()


def _why_not_started(name: str, server: StdioCommand, request: SpawnRequest, error: SpawnError) -> str:
    """Return what could not be used, and where it is said."""
    table = f"`[mcp_servers.{name}]`"
    if error.path != request.cwd:
        return f"{error}; it is started by the `command` in {table}"
    said = f"the `cwd` in {table}" if server.cwd else f"the thread's folder: {table} has no `cwd`"
    return f"{error}; it is {said}"


def variables(server: StdioCommand, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a server's process."""
    return inherited(environ, *server.variables) | dict(server.env)


def inherited(environ: Mapping[str, str], *more: str) -> dict[str, str]:
    """Return what of our environment a process for a server sees unasked, and `more` of it."""
    return {name: environ[name] for name in (*_INHERITED, *more) if name in environ}
