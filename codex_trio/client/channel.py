"""Whole messages to and from a server. Owns line framing over byte streams; knows no JSON-RPC."""

from typing import Protocol

import trio
import trio.abc

_READ_SIZE = 1 << 16


class MessageChannel(Protocol):
    """What a client needs of a transport: a pair of byte streams (`LineChannel`), or one of the server's transports.

    `receive` and `send` raise trio.BrokenResourceError, trio.ClosedResourceError or TransportClosed when they cannot.
    """

    async def receive(self) -> bytes | None:
        """Return the next whole message; None when the other side has closed."""
        ...

    async def send(self, message: bytes) -> None:
        """Send one whole message."""
        ...

    async def aclose(self) -> None:
        """Close both directions."""
        ...


class LineChannel:
    """One message a line, UTF-8, `\\n` at the end: the framing of stdio."""

    def __init__(self, outgoing: trio.abc.SendStream, incoming: trio.abc.ReceiveStream) -> None:
        self._outgoing = outgoing
        self._incoming = incoming
        self._buffer = bytearray()
        self._scanned = 0
        self._sending = trio.Lock()

    async def receive(self) -> bytes | None:
        """Return the next line without its end; None at the end of the stream (an unfinished last line is dropped)."""
        while True:
            end = self._buffer.find(b"\n", self._scanned)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                self._scanned = 0
                await trio.lowlevel.checkpoint()
                return line
            self._scanned = len(self._buffer)
            data = await self._incoming.receive_some(_READ_SIZE)
            if not data:
                return None
            self._buffer += data

    async def send(self, message: bytes) -> None:
        """Send one line. The message must hold no line end."""
        async with self._sending:
            await self._outgoing.send_all(message + b"\n")

    async def close_sending(self) -> None:
        """Tell the server that nothing more will come; it can still send."""
        await self._outgoing.aclose()

    async def aclose(self) -> None:
        await self._outgoing.aclose()
        await self._incoming.aclose()
