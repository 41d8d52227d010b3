"""An in-process transport: two ends joined by bounded queues.

Owns the pair and nothing else. For programs that embed the server, for tests, and for anything that talks to the
server without a process in between. Bytes are the same as on every other transport, so what passes here is what a
client elsewhere would see.
"""

from collections import deque
from collections.abc import Sequence

import trio

from codex_trio.transport.base import OutgoingMessage, TransportClosed, TransportKind, joined
from codex_trio.util.close_reason import CloseReason


class MemoryTransport:
    """One end of a pair. The other end receives what this one sends."""

    def __init__(
        self,
        incoming: trio.MemoryReceiveChannel[list[bytes]],
        outgoing: trio.MemorySendChannel[list[bytes]],
    ) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._received: deque[bytes] = deque()

    @property
    def kind(self) -> TransportKind:
        return "in_process"

    async def receive(self) -> bytes | None:
        """Return the next message of the other end; None when it has sent its last one."""
        if self._received:
            return self._received.popleft()
        try:
            self._received.extend(await self._incoming.receive())
        except trio.EndOfChannel:
            if self._outgoing.statistics().open_receive_channels == 0:
                raise TransportClosed("the other end is closed") from None
            return None
        except trio.ClosedResourceError:
            raise TransportClosed("this end is closed") from None
        return self._received.popleft()

    async def send(self, message: OutgoingMessage) -> None:
        """Hand one message to the other end; wait while it is behind by the pair's capacity."""
        await self.send_many([message])

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Hand several messages over as one batch."""
        if not messages:
            await trio.lowlevel.checkpoint()
            return
        try:
            await self._outgoing.send([joined(message) for message in messages])
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise TransportClosed("the other end is closed") from None

    async def send_eof(self) -> None:
        """Say that no more messages come from this end, which goes on receiving: a client closing its stdin."""
        await self._outgoing.aclose()

    async def aclose(self, reason: CloseReason | None = None) -> None:
        """Close both directions; there is no way to tell a reason."""
        self._incoming.close()
        self._outgoing.close()
        await trio.lowlevel.checkpoint()


def memory_transport_pair(capacity: int = 16) -> tuple[MemoryTransport, MemoryTransport]:
    """Return two joined ends: give one to the server, keep the other.

    Args:
        capacity: batches in flight per direction before a sender waits; 0 makes every send wait for its receiver.
    """
    to_left, from_right = _channel(capacity)
    to_right, from_left = _channel(capacity)
    return MemoryTransport(from_right, to_right), MemoryTransport(from_left, to_left)


def _channel(
    capacity: int,
) -> tuple[trio.MemorySendChannel[list[bytes]], trio.MemoryReceiveChannel[list[bytes]]]:
    return trio.open_memory_channel[list[bytes]](capacity)
