"""Websocket frames (RFC 6455, section 5), for servers and for clients. Sans-io.

Owns framing, masking, fragments, the limits, and what a peer may not send. Does not own compression
(util/websocket_deflate.py), the opening handshake (transport.handshake), nor who answers pings and closes
(transport.websocket_connection). Every message of every client passes through here, which is why the common one, a
whole message in one frame, has the shortest way.
"""

import codecs
import os
import struct
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from codex_trio.util.close_reason import CloseReason

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_OPCODES = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)

NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
NO_STATUS = 1005
ABNORMAL_CLOSURE = 1006
"""Never sent: what is said of a connection that ended without a close frame."""
INVALID_PAYLOAD = 1007
MESSAGE_TOO_BIG = 1009
_SENDABLE_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))

MAX_SENT_FRAME_BYTES = 256 * 1024
"""Longer messages are sent in fragments: pongs and a close can go out in between, which a client on a slow line waits
for. Every client library takes fragments."""

_FRAMES_BETWEEN_PAUSES = 64

_FINAL = 0x80
_RESERVED_BITS = 0x70
_COMPRESSED = 0x40
_OPCODE_BITS = 0x0F
_MASKED = 0x80
_LENGTH_BITS = 0x7F
_LENGTH_16, _LENGTH_64 = 126, 127
_MASK_BYTES = 4
_MAX_CONTROL_BYTES = 125
_CLOSE_CODE_BYTES = 2


class FrameError(Exception):
    """The peer broke the protocol or a limit: nothing more can be read, and `reason` is what it should be told."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reason = CloseReason(code, text)


class Message(msgspec.Struct, frozen=True):
    """A whole message. Unless it is binary or compressed the payload is valid UTF-8."""

    payload: bytes
    binary: bool = False
    compressed: bool = False


class Ping(msgspec.Struct, frozen=True):
    """To be answered with a pong of the same payload."""

    payload: bytes


class Checkpoint(msgspec.Struct, frozen=True):
    """Many frames were read, none of which tells of anything yet: a moment for others to have their turn."""


class Closed(msgspec.Struct, frozen=True):
    """The peer closes, and sends nothing more. The code is `NO_STATUS` when it says none."""

    reason: CloseReason


Event: TypeAlias = Message | Ping | Checkpoint | Closed


class FrameReader:
    """Feed it bytes as they come, take events as they are complete. Linear in the input.

    Args:
        max_message_bytes: longest message, all its fragments together.
        from_client: whether a client writes them: its frames are masked, a server's must not be.
        compressible: whether it was agreed on that messages may be compressed.
    """

    def __init__(self, *, max_message_bytes: int, from_client: bool = True, compressible: bool = False) -> None:
        self._compressible = compressible
        self._compressed = False
        self._limit = max_message_bytes
        self._from_client = from_client
        self._mask_bytes = _MASK_BYTES if from_client else 0
        self._buffer = bytearray()
        # The frame whose header was read.
        self._in_frame = False
        self._opcode = CONTINUATION
        self._final = True
        self._mask = b""
        self._remaining = 0
        # The data message that it belongs to; CONTINUATION between messages.
        self._message_opcode = CONTINUATION
        self._parts = bytearray()
        self._text = codecs.getincrementaldecoder("utf-8")()

    @property
    def buffered_bytes(self) -> int:
        """Bytes fed of which no event has told yet."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray) -> None:
        """Add what was read."""
        self._buffer += data

    def next_event(self) -> Event | None:
        """Return what came next, or None when more input is needed.

        Raises:
            FrameError: the input cannot be read any further.
        """
        frames = 0
        while self._in_frame or self._begin_frame():
            frames += 1
            if self._opcode >= CLOSE:
                if len(self._buffer) < self._remaining:
                    return None
                event = self._control(self._opcode, self._take(self._remaining))
            elif self._final and not self._parts and self._opcode and len(self._buffer) >= self._remaining:
                event = self._whole_message(self._take(self._remaining))
            elif self._take_part():
                event = self._finished_message() if self._final and not self._in_frame else None
            else:
                return None
            if event is not None:
                return event
            if frames >= _FRAMES_BETWEEN_PAUSES:
                return Checkpoint()
        return None

    def _begin_frame(self) -> bool:
        """Read the next header if all of it is there."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        first, second = buffer[0], buffer[1]
        if first & _RESERVED_BITS and not self._may_be_compressed(first):
            raise FrameError(PROTOCOL_ERROR, "a frame has reserved bits set, but no extension was agreed on")
        if bool(second & _MASKED) is not self._from_client:
            problem = "a frame of the client is not masked" if self._from_client else "a frame of the server is masked"
            raise FrameError(PROTOCOL_ERROR, problem)
        length = second & _LENGTH_BITS
        header_bytes = 2 + self._mask_bytes
        if length >= _LENGTH_16:
            header_bytes += 2 if length == _LENGTH_16 else 8
        if len(buffer) < header_bytes:
            return False
        if length == _LENGTH_16:
            (length,) = struct.unpack_from("!H", buffer, 2)
        elif length == _LENGTH_64:
            (length,) = struct.unpack_from("!Q", buffer, 2)
        self._opcode = first & _OPCODE_BITS
        self._final = bool(first & _FINAL)
        self._remaining = length
        self._check_frame(compressed=bool(first & _COMPRESSED))
        self._mask = bytes(buffer[header_bytes - self._mask_bytes : header_bytes])
        del buffer[:header_bytes]
        self._in_frame = True
        return True

    def _may_be_compressed(self, first: int) -> bool:
        """Return whether the reserved bits of a frame say no more than that its message is compressed."""
        is_begin = first & _OPCODE_BITS in (TEXT, BINARY)
        return self._compressible and is_begin and first & _RESERVED_BITS == _COMPRESSED

    def _check_frame(self, *, compressed: bool) -> None:
        opcode = self._opcode
        if opcode >= CLOSE:
            if not self._final or self._remaining > _MAX_CONTROL_BYTES:
                raise FrameError(PROTOCOL_ERROR, "a control frame is fragmented or too long")
        elif (opcode == CONTINUATION) is (self._message_opcode == CONTINUATION):
            raise FrameError(PROTOCOL_ERROR, "a fragment is missing, or continues nothing")
        elif len(self._parts) + self._remaining > self._limit:
            raise FrameError(MESSAGE_TOO_BIG, f"a message is longer than {self._limit} bytes")
        elif opcode != CONTINUATION:
            self._message_opcode = opcode
            self._compressed = compressed
        if opcode not in _OPCODES:
            raise FrameError(PROTOCOL_ERROR, f"{opcode} is no opcode of a frame")

    def _take(self, count: int) -> bytes:
        """Return the next bytes of the frame, which must be there."""
        data = self._buffer[:count]
        data = _masked(data, self._mask) if self._mask else bytes(data)
        del self._buffer[:count]
        self._remaining -= count
        self._in_frame = self._remaining > 0
        if self._in_frame:
            turn = count % _MASK_BYTES
            self._mask = self._mask[turn:] + self._mask[:turn]
        return data

    def _take_part(self) -> bool:
        """Move what is there of a data frame into the message, so that a long one is not unmasked in one go."""
        if self._remaining and not self._buffer:
            return False
        part = self._take(min(len(self._buffer), self._remaining))
        self._parts += part
        if self._message_opcode == TEXT and not self._compressed:
            try:
                self._text.decode(part, final=self._final and not self._in_frame)
            except UnicodeDecodeError:
                raise _not_text() from None
        return True

    def _whole_message(self, payload: bytes) -> Message:
        binary = self._message_opcode == BINARY
        self._message_opcode = CONTINUATION
        if not binary and not self._compressed and not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                raise _not_text() from None
        return Message(payload, binary, self._compressed)

    def _finished_message(self) -> Message:
        message = Message(bytes(self._parts), self._message_opcode == BINARY, self._compressed)
        self._message_opcode = CONTINUATION
        self._parts.clear()
        return message

    def _control(self, opcode: int, payload: bytes) -> Event | None:
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return None
        return Closed(_read_close(payload))


def _read_close(payload: bytes) -> CloseReason:
    if not payload:
        return CloseReason(NO_STATUS, "")
    code = int.from_bytes(payload[:_CLOSE_CODE_BYTES], "big")
    if len(payload) < _CLOSE_CODE_BYTES or code not in _SENDABLE_CODES:
        raise FrameError(PROTOCOL_ERROR, "a close frame has no valid code")
    try:
        return CloseReason(code, payload[_CLOSE_CODE_BYTES:].decode())
    except UnicodeDecodeError:
        raise _not_text() from None


def _not_text() -> FrameError:
    return FrameError(INVALID_PAYLOAD, "a text message is not valid UTF-8")


def _masked(data: bytes | bytearray, mask: bytes) -> bytes:
    """Return the data masked, or unmasked, which is the same."""
    # As two big integers: the loop over the bytes is then one of the interpreter's own.
    key = mask * (len(data) // _MASK_BYTES + 1)
    masked = int.from_bytes(data, "little") ^ int.from_bytes(key[: len(data)], "little")
    return masked.to_bytes(len(data), "little")


Frame: TypeAlias = list[bytes | memoryview]
"""A frame to be written: the header and pieces of the payload."""


class FrameWriter:
    """Makes the frames that one side sends.

    Args:
        masked: whether they are masked, as a client's must be.
    """

    __slots__ = ("_masked",)

    def __init__(self, *, masked: bool = False) -> None:
        self._masked = masked

    def message(
        self, pieces: Iterable[bytes | memoryview], size: int, *, binary: bool = False, compressed: bool = False
    ) -> Iterator[Frame]:
        """Yield a message, which comes in pieces of so many bytes together: its frames, in order.

        Each piece is taken when it is needed.
        """
        opcode = (BINARY if binary else TEXT) | (_COMPRESSED if compressed else 0)
        if size <= MAX_SENT_FRAME_BYTES:
            yield self._frame(_FINAL | opcode, pieces, size)
            return
        for payload in _fragments(pieces):
            length = sum(map(len, payload))
            size -= length
            yield self._frame((0 if size else _FINAL) | opcode, payload, length)
            opcode = CONTINUATION

    def ping(self) -> bytes:
        """Return a ping without a payload."""
        return b"".join(self._frame(_FINAL | PING, [], 0))

    def pong(self, payload: bytes) -> bytes:
        """Return the answer to a ping."""
        return b"".join(self._frame(_FINAL | PONG, [payload], len(payload)))

    def close(self, reason: CloseReason) -> bytes:
        """Return the last frame of a connection. A text that is too long for it is cut; `NO_STATUS` goes without."""
        payload = b""
        if reason.code != NO_STATUS:
            text = reason.text.encode()[: _MAX_CONTROL_BYTES - _CLOSE_CODE_BYTES].decode(errors="ignore").encode()
            payload = struct.pack("!H", reason.code) + text
        return b"".join(self._frame(_FINAL | CLOSE, [payload], len(payload)))

    def _frame(self, first: int, pieces: Iterable[bytes | memoryview], length: int) -> Frame:
        if not self._masked:
            return [_header(first, length), *pieces]
        mask = os.urandom(_MASK_BYTES)
        return [_header(first, length, _MASKED), mask, _masked(b"".join(pieces), mask)]


def _fragments(pieces: Iterable[bytes | memoryview]) -> Iterator[Frame]:
    """Yield the payloads of the frames of a long message, each in pieces."""
    payload: Frame = []
    room = MAX_SENT_FRAME_BYTES
    for piece in pieces:
        rest = memoryview(piece)
        while len(rest) > room:
            yield [*payload, rest[:room]]
            payload, rest, room = [], rest[room:], MAX_SENT_FRAME_BYTES
        payload.append(rest)
        room -= len(rest)
    yield payload


def _header(first: int, length: int, masked: int = 0) -> bytes:
    if length < _LENGTH_16:
        return bytes((first, masked | length))
    if length < 1 << 16:
        return struct.pack("!BBH", first, masked | _LENGTH_16, length)
    return struct.pack("!BBQ", first, masked | _LENGTH_64, length)
