"""What the rest of the server knows of a transport: whole messages in, whole messages out.

Owns the `MessageTransport` protocol, the form of messages that go out, and the two errors that every transport speaks.
Does not own JSON-RPC (rpc/), listening, or authentication.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from codex_trio.util.close_reason import CloseReason

TransportKind: TypeAlias = Literal["stdio", "websocket", "unix", "in_process"]

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Longest message accepted from a peer: the limit that the protocol's websocket transport has too."""


class MessageInPieces:
    """A message that is long, and was made in pieces: they are written one after the other and never joined.

    It is sent once: each piece is let go of as soon as it is written.
    """

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = deque(pieces)
        self._size = sum(map(len, self._pieces))

    def __len__(self) -> int:
        return self._size

    def take(self) -> Iterator[bytes | memoryview]:
        """Yield the pieces, in order."""
        while self._pieces:
            yield self._pieces.popleft()

    def joined(self) -> bytes:
        """Return the message, for where it must be one."""
        return b"".join(self.take())


OutgoingMessage: TypeAlias = bytes | MessageInPieces


def joined(message: OutgoingMessage) -> bytes:
    """Return the message as one string of bytes."""
    return message if isinstance(message, bytes) else message.joined()


class TransportClosed(Exception):
    """The peer is gone: nothing more can be read from it or written to it."""


class MessageTooLong(Exception):
    """The peer sent a message over the limit. It was discarded; the next `receive` goes on after it."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a message is longer than {limit} bytes and was discarded")
        self.limit = limit


class MessageTransport(Protocol):
    """A duplex channel of whole messages. One task receives, one task sends, at the same time."""

    @property
    def kind(self) -> TransportKind:
        """What carries the messages, as analytics name it; a peer that cannot be paced is told to retry instead."""
        ...

    async def receive(self) -> bytes | None:
        """Return the next message without its framing, or None when the peer will send no more.

        A message that is at hand may be returned without a checkpoint: who receives in a loop makes its own. None does
        not mean that the peer stopped reading: answers may still be sent.

        Raises:
            MessageTooLong: one message was discarded; receiving may go on.
            TransportClosed: the peer is gone.
        """
        ...

    async def send(self, message: OutgoingMessage) -> None:
        """Write one message; return once the transport's buffers have taken all of it.

        Raises:
            TransportClosed: the peer is gone.
        """
        ...

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        """Write several messages in order, in as few writes as the transport can.

        Raises:
            TransportClosed: the peer is gone.
        """
        ...

    async def aclose(self, reason: CloseReason | None = None) -> None:
        """Free the transport, waiting no longer than a moment for the peer to hear why. May be called more than once.

        Args:
            reason: told to the peer where the transport has a way to.
        """
        ...


@runtime_checkable
class SendsNow(Protocol):
    """A transport that can write a short message without a task: an answer then leaves before its reader waits."""

    def send_now(self, message: bytes) -> bool:
        """Write the message if all of it can be written without waiting; False when nothing of it was.

        Not to be called while `send` or `send_many` is under way. Says nothing of a peer that is gone: the next of
        those does.
        """
        ...
