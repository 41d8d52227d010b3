"""HTTP on the websocket port, on hypercorn's Trio worker: requests are answered until one is granted the upgrade.

Owns the joint with hypercorn, which reads and writes HTTP/1.1, keeps connections alive and ends idle ones. Does not
own what is answered (transport.handshake). A granted connection leaves hypercorn: its own websocket stream agrees on
compression, answers bad handshakes in its own words, writes every message by itself and cannot be cancelled while it
writes, none of which it can be told to do otherwise. Imported by the listener, which is imported when it is used.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeAlias, cast

import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, EndBody, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, H11SendableEvent

from codex_trio.transport.handshake import Answer, HttpRequest, Upgrade

IDLE_SECONDS = 30.0
"""How long a connection may take to send a request, the first one included."""

MAX_HEAD_BYTES = 64 * 1024
"""Longest head of a request; tokens in it are a few hundred bytes long."""

Responder: TypeAlias = Callable[[HttpRequest], Answer | Upgrade]


async def answer_http(stream: trio.SocketStream, respond: Responder) -> bytes | None:
    """Answers the requests of one connection.

    Args:
        stream: the connection; closed in the end unless it is granted the upgrade.
        respond: the answer to a request.

    Returns:
        What came behind the request that was granted the upgrade: the stream is a websocket from there on. None when
        the connection ended without one.
    """
    return await _HttpServer(stream, respond).serve()


class _UpgradeGranted(Exception):
    """Leads out of hypercorn's loops, as its own change of protocol does."""

    def __init__(self, leftover: bytes) -> None:
        super().__init__()
        self.leftover = leftover


class _HttpServer(TCPServer):
    """Hypercorn's server of one TCP connection, speaking our dialect of HTTP/1.1 only."""

    def __init__(self, stream: trio.SocketStream, respond: Responder) -> None:
        config = Config()
        config.include_server_header = False
        config.keep_alive_timeout = IDLE_SECONDS
        config.h11_max_incomplete_size = MAX_HEAD_BYTES
        # There is no application: requests are answered before one would be asked. And the stream needs no TLS.
        super().__init__(cast("Any", None), config, WorkerContext(None), {}, cast("Any", stream))
        self._respond = respond

    async def serve(self) -> bytes | None:
        granted: bytes | None = None
        async with TaskGroup() as tasks:
            self._task_group = tasks
            # In place of hypercorn's wrapper, which would change to HTTP/2 on demand.
            self.protocol = cast("Any", _Http11(self, tasks, self._respond))
            await self.protocol_send(Updated(idle=True))
            try:
                await self._read_data()
            except _UpgradeGranted as upgrade:
                granted = upgrade.leftover
            # Hypercorn would wait for a request until its time is up, also of a peer that is gone.
            await self.idle_task.stop()
        if granted is None:
            await self._close()
        return granted

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        # Not shielded as hypercorn does it: a peer that does not read must not hold up the end of the server.
        try:
            await self.stream.send_all(event.data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())


class _Http11(H11Protocol):
    """Hypercorn's HTTP/1.1, with the answers decided right at the request."""

    def __init__(self, server: _HttpServer, tasks: TaskGroup, respond: Responder) -> None:
        super().__init__(
            server.app,
            server.config,
            server.context,
            tasks,
            ConnectionState({}),
            ssl=False,
            client=None,
            server=None,
            send=server.protocol_send,
        )
        self._respond = respond

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stays with HTTP/1.1, whatever else is offered."""

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        if isinstance(event, h11.Response | h11.InformationalResponse):
            # Hypercorn leaves the reason out, which is lawful, and surprises people.
            reason = HTTPStatus(event.status_code).phrase.encode()
            event = type(event)(status_code=event.status_code, headers=event.headers, reason=reason)
        await super()._send_h11_event(event)

    async def _create_stream(self, request: h11.Request) -> None:
        head = HttpRequest(
            method=request.method,
            target=request.target,
            http_version=request.http_version,
            headers=request.headers,
        )
        answer = self._respond(head)
        if isinstance(answer, Upgrade):
            await self.stream_send(Response(STREAM_ID, list(answer.headers), 101))
            raise _UpgradeGranted(self.connection.trailing_data[0])
        length = (b"content-length", b"%d" % len(answer.body))
        await self.stream_send(Response(STREAM_ID, [*answer.headers, length], answer.status))
        if request.method != b"HEAD":
            await self.stream_send(Body(STREAM_ID, answer.body))
        await self.stream_send(EndBody(STREAM_ID))
        self.stream = cast("Any", _Answered(self))
        # A body may follow, which is not waited for any longer than another request.
        await self.send(Updated(idle=True))


class _Answered:
    """Lets go what is left of a request that is already answered."""

    def __init__(self, protocol: _Http11) -> None:
        self._protocol = protocol

    async def handle(self, event: StreamEvent) -> None:
        if isinstance(event, EndBody):
            await self._protocol.stream_send(StreamClosed(STREAM_ID))
