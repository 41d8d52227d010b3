"""Connections to exec-servers: on websockets, or to a program that is started for it.

Owns the choice of transport, and one error for all that can be wrong with reaching a server. Does not own the
transports, or what is said (environments/remote).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.remote.channel import Channel, ChannelClosed
from codex_trio.environments.targets import ProgramTarget, RemoteTarget, WebsocketTarget
from codex_trio.transport.base import MessageTooLong, MessageTransport, TransportClosed
from codex_trio.transport.outbound import CannotConnect, ServerUrlError, connect
from codex_trio.transport.stdio import StdioTransport

_END_SECONDS = 2.0
"""How long a program may take to end by itself when its input has ended."""

_FAILED = "exec-server connection attempt failed"


class _TransportChannel:
    def __init__(self, transport: MessageTransport) -> None:
        self._transport = transport

    async def receive(self) -> bytes:
        """Return the next message. Raises ChannelClosed."""
        try:
            message = await self._transport.receive()
        except (TransportClosed, MessageTooLong) as error:
            raise ChannelClosed(str(error)) from error
        if message is None:
            raise ChannelClosed("the exec-server closed the connection")
        await trio.lowlevel.checkpoint()
        return message

    async def send(self, message: bytes) -> None:
        """Write a message. Raises ChannelClosed."""
        try:
            await self._transport.send(message)
        except TransportClosed as error:
            raise ChannelClosed(str(error)) from error


class ExecServers:
    """`environ` is the server's own environment, which programs inherit."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @asynccontextmanager
    async def open(self, target: RemoteTarget) -> AsyncGenerator[Channel]:
        """Provide a connection until the block ends. Raises EnvironmentUnreachable."""
        async with AsyncExitStack() as stack:
            match target.where:
                case WebsocketTarget() as where:
                    transport = await self._connected(where, stack)
                case ProgramTarget() as where:
                    transport = await self._started(where, stack)
            yield _TransportChannel(transport)

    async def _connected(self, where: WebsocketTarget, stack: AsyncExitStack) -> MessageTransport:
        request_id = () if where.request_id is None else ((b"x-request-id", where.request_id.encode()),)
        failed = f"{_FAILED}: failed to connect to exec-server websocket `{where.url}`"
        with trio.move_on_after(where.connect_seconds):
            try:
                return await stack.enter_async_context(connect(where.url, token=where.token, headers=request_id))
            except (CannotConnect, ServerUrlError) as error:
                raise EnvironmentUnreachable(f"{failed}: {error}") from error
        raise EnvironmentUnreachable(f"{failed}: no answer within {where.connect_seconds:g} seconds")

    async def _started(self, where: ProgramTarget, stack: AsyncExitStack) -> MessageTransport:
        with _Pipes() as pipes:
            try:
                process = await trio.lowlevel.open_process(
                    where.argv,
                    stdin=pipes.childs_input,
                    stdout=pipes.childs_output,
                    cwd=where.cwd,
                    env={**self._environ, **where.environ},
                    start_new_session=True,
                )
            except OSError as error:
                name = where.argv[0]
                raise EnvironmentUnreachable(f"{_FAILED}: cannot start `{name}`: {error.strerror}") from error
            read_fd, write_fd = pipes.keep()
        stack.push_async_callback(_end, process)
        transport = StdioTransport(read_fd, write_fd)
        stack.push_async_callback(transport.aclose)
        return transport


class _Pipes:
    """Two pipes to a child; our ends are closed too unless they are kept."""

    def __enter__(self) -> _Pipes:
        self.childs_input, self._write = os.pipe()
        self._read, self.childs_output = os.pipe()
        self._is_kept = False
        return self

    def keep(self) -> tuple[int, int]:
        """Return our ends, to read from and to write to."""
        self._is_kept = True
        return self._read, self._write

    def __exit__(self, *_: object) -> None:
        ours = () if self._is_kept else (self._read, self._write)
        for descriptor in (self.childs_input, self.childs_output, *ours):
            os.close(descriptor)


async def _end(process: trio.Process) -> None:
    """End a program whose input has ended, with what it has in its session."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(_END_SECONDS):
            await process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.move_on_after(_END_SECONDS):
            await process.wait()
