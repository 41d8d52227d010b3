"""Messages over a websocket of trio-websocket: either end of one, on any byte stream.

Owns the adaptation of the library's connections to `MessageTransport`: the handshake on both sides, text only, several
messages in one write, frames that every known peer takes, close frames that say why. Also owns what the library leaves
to its users: a connection whose reader fails is closed, and nobody else hears of it. Does not own listening
(transport.unix_socket), connecting (transport.outbound) or the TCP listener (transport.websocket).

Called by those two. Importing this module imports the library.
"""

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import trio
import trio.abc
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
    wrap_server_stream,
)
from wsproto.events import TextMessage
from wsproto.utilities import LocalProtocolError

from codex_trio.transport.base import (
    MAX_MESSAGE_BYTES,
    CloseReason,
    OutgoingMessage,
    TransportClosed,
    TransportKind,
    joined,
)

Headers = Sequence[tuple[bytes, bytes]]
"""HTTP header names and values."""

T = TypeVar("T")

_log = logging.getLogger(__name__)

HANDSHAKE_SECONDS = 10.0
"""How long a peer may take from the connection to the end of the handshake."""

CLOSE_SECONDS = 1.0
"""How long closing may take: time for a slow peer to read up to the close frame, and for its own to come back. Closed
at once, TCP would throw away what the peer has not read yet, the reason included."""

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The longest frame that a peer may be told to send."""

MAX_WRITE_BYTES = 256 * 1024
"""The longest frame that is sent, and about the longest write: pongs go out in between, and the peer's patience with
its ping does not depend on how long an answer is."""

_FRAGMENT_CHARACTERS = MAX_WRITE_BYTES // 4
"""UTF-8 has up to four bytes a character."""

_READ_BYTES = 64 * 1024
_PIECE_BYTES = 8 * 1024
_MIN_PIECE_BYTES = 512
_PIECE_SECONDS = 0.002
"""How long the library may be busy with a piece of what was read before it is given shorter ones: frames can be tiny,
and it goes through all that it was given without a pause for others."""

_NORMAL = CloseReason(1000, "")


class HandshakeFailed(Exception):
    """There is no websocket: the peer refused, broke the protocol, took too long or went away."""


class WebSocketStreamTransport:
    """One end of an open websocket as a `MessageTransport`. Made by `serve_stream` and `open_stream`."""

    def __init__(self, connection: WebSocketConnection, stream: "_FrameStream", *, kind: TransportKind) -> None:
        self._connection = connection
        self._stream = stream
        self._kind: TransportKind = kind
        self._closing = False

    @property
    def kind(self) -> TransportKind:
        """See `MessageTransport`."""
        return self._kind

    @property
    def close_reason(self) -> CloseReason | None:
        """Why the websocket was closed, or None while it is open; code 1006 when no close frame said so."""
        closed = self._connection.closed
        return None if closed is None else CloseReason(closed.code, closed.reason or "")

    async def receive(self) -> str:
        """The next text message. There is no end but the peer's going: closing a websocket closes both directions.

        A message over `MAX_MESSAGE_BYTES` ends the connection with close code 1009, as its rest cannot be skipped.

        Raises:
            TransportClosed: the peer is gone, or this end was closed.
        """
        while True:
            try:
                message = await self._connection.get_message()
            except ConnectionClosed:
                raise self._gone() from None
            if isinstance(message, str):
                return message
            _log.warning("ignored a binary message of %d bytes: the protocol's messages are text", len(message))

    async def send(self, message: OutgoingMessage) -> None:
        """Writes one message; returns once the socket's buffer has all of it."""
        await self.send_many([message])

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Writes several messages in one go. Cancelled on the way, the connection cannot be written to any more."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            async with self._stream.gathered():
                for message in messages:
                    await self._send_text(joined(message).decode())
                    await self._stream.write_if_long()
        except (ConnectionClosed, LocalProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            # The second when a close frame came or went between two fragments.
            raise self._gone() from None

    async def aclose(self, reason: CloseReason | None = None) -> None:
        """Says why, gives the peer a moment to hear it, and closes whether it did or not."""
        if self._closing:
            await trio.lowlevel.checkpoint()
            return
        self._closing = True
        reason = reason or _NORMAL
        try:
            with trio.move_on_after(CLOSE_SECONDS):
                await self._connection.aclose(reason.code, reason.text or None)
        finally:
            # The library leaves the stream open where the other side, or a message that was too long, came first.
            await trio.aclose_forcefully(self._stream)

    async def _send_text(self, text: str) -> None:
        if len(text) <= _FRAGMENT_CHARACTERS:
            await self._connection.send_message(text)
            return
        for start in range(0, len(text), _FRAGMENT_CHARACTERS):
            end = start + _FRAGMENT_CHARACTERS
            fragment = TextMessage(data=text[start:end], message_finished=end >= len(text))
            # The library's own way to send an event; its public methods send a message in one frame, however long.
            await self._connection._send(fragment)  # pyright: ignore[reportPrivateUsage]
            await self._stream.write_if_long()

    def _gone(self) -> TransportClosed:
        reason = self.close_reason
        if self._closing or reason is None:
            return TransportClosed("the websocket is closed")
        said = f": {reason.text}" if reason.text else ""
        return TransportClosed(f"the websocket was closed with code {reason.code}{said}")


async def serve_stream(
    stream: trio.abc.Stream,
    handler: Callable[[WebSocketStreamTransport], Awaitable[None]],
    *,
    kind: TransportKind,
    headers: Headers = (),
) -> None:
    """Answers a client's handshake and hands the connection over; closes the stream when the handler returns.

    Args:
        stream: a new connection, on which the client speaks first.
        handler: serves the client until it is gone.
        kind: what the transport says it is.
        headers: added to the answer of the handshake.

    Raises:
        HandshakeFailed: nobody was handed over.
    """

    async def accept(frames: _FrameStream, reader: trio.Nursery) -> WebSocketConnection:
        request = await wrap_server_stream(
            reader, frames, max_message_size=MAX_MESSAGE_BYTES, receive_buffer_size=_READ_BYTES
        )
        return await request.accept(extra_headers=list(headers))

    async with _connected(stream, accept, kind=kind) as transport:
        await handler(transport)


@asynccontextmanager
async def open_stream(
    stream: trio.abc.Stream, *, host: str, target: str, kind: TransportKind, headers: Headers = ()
) -> AsyncGenerator[WebSocketStreamTransport]:
    """Asks a server for a websocket on a stream that is connected to it; both are closed when the block ends.

    Args:
        stream: connected to the server, nothing sent yet.
        host: value of the `Host` header.
        target: path and query of the request.
        kind: what the transport says it is.
        headers: added to the request.

    Raises:
        HandshakeFailed: the server gives no websocket.
    """

    async def connect(frames: _FrameStream, reader: trio.Nursery) -> WebSocketConnection:
        return await wrap_client_stream(
            reader,
            # The library asks for a socket's stream here and uses it as any stream.
            frames,  # pyright: ignore[reportArgumentType]
            host,
            target,
            extra_headers=list(headers),
            max_message_size=MAX_MESSAGE_BYTES,
            receive_buffer_size=_READ_BYTES,
        )

    async with _connected(stream, connect, kind=kind) as transport:
        yield transport


_Open = Callable[["_FrameStream", trio.Nursery], Awaitable[WebSocketConnection]]
"""Makes the handshake. The nursery is for the task in which the library reads the stream."""


@asynccontextmanager
async def _connected(
    stream: trio.abc.Stream, open_connection: _Open, *, kind: TransportKind
) -> AsyncGenerator[WebSocketStreamTransport]:
    failure: HandshakeFailed | None = None
    async with trio.open_nursery() as nursery:
        try:
            transport = await nursery.start(partial(_run, stream, open_connection, kind=kind))
        except HandshakeFailed as failed:
            # Raised further down, where no exception group is around it.
            failure = failed
        else:
            try:
                yield transport
            finally:
                with trio.CancelScope(shield=True):
                    await transport.aclose()
                nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _run(
    stream: trio.abc.Stream,
    open_connection: _Open,
    *,
    kind: TransportKind,
    task_status: trio.TaskStatus[WebSocketStreamTransport],
) -> None:
    """The handshake, then the library's reader until the connection ends."""
    handshake = trio.CancelScope(deadline=trio.current_time() + HANDSHAKE_SECONDS)
    # The library waits for a handshake that the end of the stream has made impossible.
    frames = _FrameStream(stream, on_end=handshake.cancel)
    transport: WebSocketStreamTransport | None = None
    problem = "it did not take place"
    try:
        async with trio.open_nursery() as reader:
            with handshake:
                transport = WebSocketStreamTransport(await open_connection(frames, reader), frames, kind=kind)
                task_status.started(transport)
            if transport is None:
                problem = "the connection was closed" if frames.ended else "it took too long"
                reader.cancel_scope.cancel()
    except* ConnectionRejected as rejections:
        problem = _explain(rejections)
    except* Exception as failures:
        # A peer that breaks the protocol at an unusual moment gets an exception of the library's innards.
        problem = repr(failures.exceptions[0])
        _log.debug("the reader of a websocket failed", exc_info=failures)
    finally:
        await trio.aclose_forcefully(frames)
    if transport is None:
        raise HandshakeFailed(f"the websocket handshake failed: {problem}")


def _explain(rejections: ExceptionGroup[ConnectionRejected]) -> str:
    rejected = rejections.exceptions[0]
    assert isinstance(rejected, ConnectionRejected)
    body = (rejected.body or b"").decode(errors="replace").strip()
    return f"HTTP status {rejected.status_code}" + (f", {body}" if body else "")


class _FrameStream(trio.abc.Stream):
    """What the library takes for the socket: gathers frames for one write, cuts reads, and tells how the bytes ended.

    After a write that was cut short nothing more is written: a frame within another one would be read as part of it.
    """

    def __init__(self, stream: trio.abc.Stream, *, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._on_end = on_end
        self._gathered: list[bytes | bytearray | memoryview] | None = None
        self._unread = memoryview(b"")
        self._piece_bytes = _MIN_PIECE_BYTES
        self._given_at = 0.0
        self._writing = trio.StrictFIFOLock()
        self._torn = False
        self.ended = False

    @asynccontextmanager
    async def gathered(self) -> AsyncGenerator[None]:
        """What is sent within the block goes out at its end, or in few writes before. One block at a time."""
        self._gathered = []
        try:
            yield
            await self._write_gathered()
        except BaseException:
            # Some fragments of a message may be missing.
            self._torn = True
            raise
        finally:
            self._gathered = None

    async def write_if_long(self) -> None:
        """Within such a block, writes what was gathered if that is enough for a write."""
        if self._gathered is not None and sum(map(len, self._gathered)) >= MAX_WRITE_BYTES:
            await self._write_gathered()
            self._gathered = []

    async def _write_gathered(self) -> None:
        frames, self._gathered = self._gathered, None
        if frames:
            await self.send_all(b"".join(frames))

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._gathered is not None:
            self._gathered.append(data)
            return
        async with self._writing:
            if self._torn:
                raise trio.BrokenResourceError("a frame was cut short")
            self._torn = True
            await self._stream.send_all(data)
            self._torn = False

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self._adapt()
        if self._unread:
            await trio.lowlevel.checkpoint()
        else:
            self._unread = memoryview(await self._receive(max_bytes))
        data = bytes(self._unread[: self._piece_bytes])
        self._unread = self._unread[self._piece_bytes :]
        self._given_at = time.perf_counter()
        return data

    def _adapt(self) -> None:
        """Gives the library less at a time when it was long busy with the last piece, and more when it was not."""
        busy = time.perf_counter() - self._given_at
        if busy > _PIECE_SECONDS:
            self._piece_bytes = max(self._piece_bytes // 2, _MIN_PIECE_BYTES)
        else:
            self._piece_bytes = min(self._piece_bytes * 2, _PIECE_BYTES)

    async def _receive(self, max_bytes: int | None) -> bytes | bytearray:
        data = b""
        try:
            data = await self._stream.receive_some(max_bytes)
        finally:
            if not data:
                self._end()
        return data

    async def aclose(self) -> None:
        self._end()
        await self._stream.aclose()

    def _end(self) -> None:
        self.ended = True
        self._on_end()
