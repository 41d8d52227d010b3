"""An open websocket, either end of it, as a transport of messages.

Owns the stream after the opening handshake: reading and writing messages, pongs, the closing handshake. Does not own
frames (util.websocket_frames) nor the handshake (transport.handshake, transport.websocket_client).

Whatever is written goes through one lock, so that closing cannot break into a message. Nothing is read ahead of
`receive`, so that the peer feels when it is not called.
"""

import fcntl
import logging
import os
import struct
import termios
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

import trio
import trio.abc

from codex_trio.transport.base import (
    MAX_MESSAGE_BYTES,
    MessageInPieces,
    OutgoingMessage,
    TransportClosed,
    TransportKind,
)
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import (
    ABNORMAL_CLOSURE,
    MAX_SENT_FRAME_BYTES,
    NORMAL_CLOSURE,
    Checkpoint,
    Closed,
    Frame,
    FrameError,
    FrameReader,
    FrameWriter,
    Message,
    Ping,
)

_log = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0
"""How long a peer may take to read the close frame and to close its side: most do at once, and the reason reaches
them only if the connection is not reset meanwhile."""

MESSAGES_BETWEEN_PAUSES = 16

SHORT_BYTES = 4096
"""A message that every socket takes whole when it has nothing else to send: no buffer is that small."""

_READ_BYTES = 64 * 1024
_UNSENT = struct.Struct("i")


class WebsocketConnection:
    """A `MessageTransport` of text messages, which can carry binary ones for those who ask.

    Args:
        stream: the connection, after the handshake; taken over.
        leftover: what the peer sent right behind its handshake.
        kind: what the transport says it is.
        is_client: whether this is the end that asked for the websocket.
        max_message_bytes: a longer message ends the connection.
        close_seconds: how long the peer may take to end it with us.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        leftover: bytes = b"",
        *,
        kind: TransportKind = "websocket",
        is_client: bool = False,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        close_seconds: float = CLOSE_SECONDS,
    ) -> None:
        self._close_seconds = close_seconds
        self._stream = stream
        self._kind: TransportKind = kind
        self._is_client = is_client
        self._reader = FrameReader(max_message_bytes=max_message_bytes, from_client=not is_client)
        self._reader.feed(leftover)
        self._writer = FrameWriter(masked=is_client)
        self._write_lock = trio.Lock()
        self._pong = b""
        """Waits for the write under way to end. The newest is enough."""
        self._writable = True
        """Until the close frame is sent, or a write failed or was cut short."""
        self._readable = True
        self._close_sent = False
        self._peer_ended = False
        self._close_reason: CloseReason | None = None
        self.closed = trio.Event()
        """Set as soon as there is a `close_reason`."""
        self._since_pause = 0

    @property
    def kind(self) -> TransportKind:
        return self._kind

    @property
    def close_reason(self) -> CloseReason | None:
        """Why whoever closed first did so; None while the websocket is open, code 1006 when no close frame said so."""
        return self._close_reason

    async def receive(self) -> bytes:
        """Return the next text message. Binary ones are dropped: the protocol has none.

        Raises:
            TransportClosed: the peer closed, is gone, or broke the websocket protocol.
        """
        while True:
            message = await self.receive_message()
            if not message.binary:
                return message.payload
            _log.warning("dropped a binary message of %d bytes", len(message.payload))

    async def receive_message(self) -> Message:
        """Return the next message of either kind. Raises like `receive`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while self._readable:
            try:
                event = self._reader.next_event()
            except FrameError as error:
                self._readable = False
                raise await self._end(error.reason) from None
            match event:
                case Message():
                    await self._pause_now_and_then()
                    return event
                case Ping(payload):
                    await self._answer_ping(payload)
                case Checkpoint():
                    await trio.lowlevel.checkpoint()
                case Closed(reason):
                    self._readable = False
                    self._peer_ended = True
                    raise await self._end(reason)
                case None:
                    await self._read()
        raise TransportClosed("the connection is closed")

    async def send(self, message: OutgoingMessage) -> None:
        """Write one text message; return when the operating system has all of it.

        Raises:
            TransportClosed: the peer is gone or the connection is closing.
        """
        await self.send_many([message])

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Write several text messages in as few writes as is wise. Raises like `send`."""
        await self._write(frame for message in messages for frame in self._frames(message))

    def send_now(self, message: bytes) -> bool:
        """Write the message, unless more input is at hand: the answers to it are better written together."""
        if len(message) > SHORT_BYTES or self._pong or self._write_lock.locked() or self._reader.buffered_bytes:
            return False
        if not self._writable or not isinstance(self._stream, trio.SocketStream):
            return False
        descriptor = self._stream.socket.fileno()
        data = b"".join(chain.from_iterable(self._writer.message([message], len(message))))
        try:
            (unsent,) = _UNSENT.unpack(fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(_UNSENT.size)))
            if unsent:
                return False
            # Should the kernel surprise us with a part of it, nothing can follow that.
            self._writable = os.write(descriptor, data) == len(data)
        except OSError:
            return False
        return True

    async def send_message(self, message: Message) -> None:
        """Write one message of either kind. Raises like `send`."""
        await self._write(self._writer.message([message.payload], len(message.payload), binary=message.binary))

    async def aclose(self, reason: CloseReason | None = None) -> None:
        """Say why, unless the connection is beyond that, and close it; take no longer than a moment."""
        reason = reason or CloseReason(NORMAL_CLOSURE, "")
        self._note_end(reason)
        with trio.CancelScope(shield=True), trio.move_on_after(self._close_seconds):
            if not self._write_lock.locked():
                await self._send_close(reason)
            if self._close_sent and not self._peer_ended:
                await self._await_end()
        self._writable = self._readable = False
        await trio.aclose_forcefully(self._stream)

    async def _pause_now_and_then(self) -> None:
        """Let others have their turn every few messages that came together, at a fraction of the cost of each time."""
        self._since_pause += 1
        if self._since_pause >= MESSAGES_BETWEEN_PAUSES:
            self._since_pause = 0
            await trio.lowlevel.cancel_shielded_checkpoint()

    async def _read(self) -> None:
        self._since_pause = 0
        try:
            data = await self._stream.receive_some(_READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._lost(f"cannot read: {error}") from None
        if not data:
            raise self._lost("the peer is gone without a close frame")
        self._reader.feed(data)

    def _lost(self, how: str) -> TransportClosed:
        self._readable = False
        self._peer_ended = True
        self._note_end(CloseReason(ABNORMAL_CLOSURE, ""))
        return TransportClosed(how)

    async def _end(self, reason: CloseReason) -> TransportClosed:
        """Answer the peer's close frame, or what it may not do."""
        self._note_end(reason)
        await self._send_close(reason)
        said = f": {reason.text}" if reason.text else ""
        return TransportClosed(f"the websocket was closed with code {reason.code}{said}")

    def _note_end(self, reason: CloseReason) -> None:
        if self._close_reason is None:
            self._close_reason = reason
            self.closed.set()

    def _frames(self, message: OutgoingMessage) -> Iterator[Frame]:
        pieces = message.take() if isinstance(message, MessageInPieces) else [message]
        return self._writer.message(pieces, len(message))

    async def _write(self, frames: Iterable[Frame]) -> None:
        await self._lock_writing()
        try:
            await self._write_locked(_writes(frames))
        finally:
            self._write_lock.release()

    async def _lock_writing(self) -> None:
        try:
            # Without the checkpoint that waiting for the lock costs: writing is one.
            self._write_lock.acquire_nowait()
        except trio.WouldBlock:
            await self._write_lock.acquire()

    async def _write_locked(self, writes: Iterable[bytes]) -> None:
        """Write whole frames, and the pong that somebody waits for in between."""
        # Cancelled here nothing was written; further down a message may be cut short, and nothing can follow it.
        await trio.lowlevel.checkpoint_if_cancelled()
        if not self._writable:
            raise TransportClosed("the connection is closed")
        whole = False
        try:
            for data in writes:
                await self._stream.send_all(data)
                await self._write_pong()
            await self._write_pong()
            whole = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise TransportClosed(f"cannot write: {error}") from None
        finally:
            self._writable = self._writable and whole

    async def _write_pong(self) -> None:
        while self._pong:
            pong, self._pong = self._pong, b""
            await self._stream.send_all(pong)

    async def _answer_ping(self, payload: bytes) -> None:
        self._pong = self._writer.pong(payload)
        if self._writable and not self._write_lock.locked():
            await self._write([])

    async def _send_close(self, reason: CloseReason) -> None:
        """Send the close frame if that is still possible, and soon."""
        if not self._writable:
            return
        with trio.move_on_after(self._close_seconds), suppress(TransportClosed):
            await self._lock_writing()
            try:
                self._pong = b""
                await self._write_locked([self._writer.close(reason)])
                self._close_sent = True
            finally:
                self._writable = False
                self._write_lock.release()

    async def _await_end(self) -> None:
        """Read on until the peer closes too: closing with input unread would reset the connection under it.

        Its close frame will do: peers then wait for this side to close first (RFC 6455, section 7.1.1).
        """
        understood = self._readable
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            if not self._is_client and isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.send_eof()
            while data := await self._stream.receive_some(_READ_BYTES):
                if understood:
                    self._reader.feed(data)
                    try:
                        if self._finds_close():
                            return
                    except FrameError:
                        understood = False

    def _finds_close(self) -> bool:
        """Return whether the peer's close frame has come. What comes before it interests nobody any more."""
        while (event := self._reader.next_event()) is not None:
            if isinstance(event, Closed):
                return True
        return False


def _writes(frames: Iterable[Frame]) -> Iterator[bytes]:
    """Yield the same frames in few writes, none of which takes much longer than a frame."""
    pieces: list[bytes | memoryview] = []
    size = 0
    for frame in frames:
        length = sum(map(len, frame))
        if pieces and size + length > MAX_SENT_FRAME_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
        pieces += frame
        size += length
    if pieces:
        yield b"".join(pieces)
