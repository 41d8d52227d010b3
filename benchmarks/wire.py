"""The bytes between a benchmark and a server: lines over pipes, or websocket frames over a socket.

Owns framing and blocking reads with a deadline. Knows no JSON-RPC: `connection` does. Whatever the framing, what comes
in is whole lines, so that a caller can look for byte strings instead of decoding, and a client of an event loop or a
careful websocket library is not what gets measured; nor is the copying of megabytes. Frames go out with a mask of
zeros: legal, and nothing to compute.
"""

import base64
import contextlib
import os
import select
import socket
import struct
import time
from typing import Protocol

READ_SIZE = 1 << 20
WAIT_SECONDS = 30.0

_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_MASKED = 0x80
_NO_MASK = bytes(4)


class MeasurementFailed(Exception):
    """The server did not do what the figure measures; the text says what came instead."""


class NothingCame(MeasurementFailed):
    """It said nothing at all in the time that it had."""


class Wire(Protocol):
    """A connection's bytes."""

    def frame(self, message: bytes) -> bytes:
        """Return what is written for a message. Several may be joined and written at once."""
        ...

    def write(self, data: bytes) -> None:
        """Write frames. Says nothing of a peer that is gone: the next `read` does."""
        ...

    def read(self, deadline: float, awaited: str) -> bytearray:
        """Wait for messages until `deadline` (monotonic). Returns whole lines, or raises `MeasurementFailed`.

        What comes back is the caller's.
        """
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Lines:
    """Lines over a pair of pipes."""

    def __init__(self, writing: int, reading: int) -> None:
        """Of two file descriptors that stay the caller's."""
        self._writing = writing
        self._reading = reading
        self._poll = _poll(reading)
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._received = bytearray()

    def frame(self, message: bytes) -> bytes:
        """Return a line."""
        return message + b"\n"

    def write(self, data: bytes) -> None:
        """See `Wire`."""
        try:
            while data:
                data = data[os.write(self._writing, data) :]
        except BrokenPipeError:
            pass

    def read(self, deadline: float, awaited: str) -> bytearray:
        """See `Wire`."""
        while True:
            known = len(self._received)
            self._received += self._buffer[: _read(self._poll, self._reading, self._buffer, deadline, awaited)]
            end = self._received.rfind(b"\n", known) + 1
            if end:
                lines, self._received = split(self._received, end)
                return lines

    def close(self) -> None:
        """Nothing to do: the pipes are the caller's."""


class WebSocket:
    """Text frames over TCP. Made by `connect`."""

    def __init__(self, peer: socket.socket, received: bytes) -> None:
        self._peer = peer
        self._poll = _poll(peer.fileno())
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._received = bytearray(received)

    @classmethod
    def connect(cls, host: str, port: int) -> "WebSocket":
        """Open a connection and upgrade it."""
        peer = socket.create_connection((host, port), timeout=WAIT_SECONDS)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        headers = (f"Host: {host}:{port}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
        peer.sendall("\r\n".join(("GET / HTTP/1.1", *headers, f"Sec-WebSocket-Key: {key}", "", "")).encode())
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            data = peer.recv(READ_SIZE)
            if not data:
                raise MeasurementFailed("the server ended the connection instead of upgrading it")
            received += data
        if not received.startswith(b"HTTP/1.1 101"):
            raise MeasurementFailed(f"no upgrade: {received.splitlines()[0].decode()}")
        return cls(peer, bytes(received[end + 4 :]))

    def frame(self, message: bytes) -> bytes:
        """Return a text frame."""
        size = len(message)
        if size < 126:
            return bytes((_TEXT, _MASKED | size)) + _NO_MASK + message
        if size < 1 << 16:
            return struct.pack(">BBH", _TEXT, _MASKED | 126, size) + _NO_MASK + message
        return struct.pack(">BBQ", _TEXT, _MASKED | 127, size) + _NO_MASK + message

    def write(self, data: bytes) -> None:
        """See `Wire`."""
        with contextlib.suppress(ConnectionError):
            self._peer.sendall(data)

    def read(self, deadline: float, awaited: str) -> bytearray:
        """See `Wire`."""
        while not (lines := self._lines()):
            size = _read(self._poll, self._peer.fileno(), self._buffer, deadline, awaited)
            self._received += self._buffer[:size]
        return lines

    def close(self) -> None:
        """Drop the connection."""
        self._peer.close()

    def _lines(self) -> bytearray:
        received = self._received
        lines = bytearray()
        at, available = 0, len(received)
        while available - at >= 2:
            kind, size, start = received[at], received[at + 1], at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                if available - start < width:
                    break
                size, start = int.from_bytes(received[start : start + width], "big"), start + width
            if available - start < size:
                break
            if kind == _TEXT:
                with memoryview(received) as view:
                    lines += view[start : start + size]
                lines += b"\n"
            elif kind == _CLOSE:
                raise MeasurementFailed(
                    f"the server closed the connection: {bytes(received[start + 2 : start + size])}"
                )
            elif kind != _PING:
                raise MeasurementFailed(f"an unexpected websocket frame {kind:#x}")
            at = start + size
        del received[:at]
        return lines


def split(data: bytearray, end: int) -> tuple[bytearray, bytearray]:
    """Return what is before that place, and the rest; nothing is copied when there is no rest."""
    if end == len(data):
        return data, bytearray()
    return data[:end], data[end:]


def _poll(descriptor: int) -> select.poll:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return poll


def _read(poll: select.poll, descriptor: int, buffer: memoryview, deadline: float, awaited: str) -> int:
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise NothingCame(f"no {awaited} in time")
    try:
        size = os.readv(descriptor, [buffer])
    except ConnectionError as error:
        raise MeasurementFailed(f"the connection broke before {awaited}") from error
    if not size:
        raise MeasurementFailed(f"the server ended before {awaited}")
    return size
