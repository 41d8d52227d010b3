"""The queue between everything that has something to say to one client and the one task that writes to it.

Owns order, the byte bounds, what becomes of a client that is behind, and the waiting for room or for the wire. Does not
own encoding, what may be merged (rpc.deltas) nor the transport.
"""

from collections import deque
from collections.abc import Callable, Hashable

import msgspec
import trio

from codex_trio.rpc.deltas import DeltaNotification, MergedDeltas
from codex_trio.transport.base import OutgoingMessage
from codex_trio.util.bell import Bell

WRITE_BYTES = 256 * 1024
"""How much queued traffic is joined into one write."""


class OutboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How far a client may be behind, in bytes that wait to be written."""

    behind: int = 1024 * 1024
    """Above this the client is behind, until half of it is left: streamed text is merged from here on, and the client's
    own requests wait. More than a pipe holds, little enough that a stall costs no memory."""
    overflow: int
    """Above this the client is given up. What is being written does not count, nor does the message that comes next:
    an answer of any size is delivered."""
    producers_wait: bool
    """Whether producers of many messages wait for a client that is behind."""


PEER_LIMITS = OutboxLimits(overflow=256 * 1024 * 1024, producers_wait=True)
"""For the one client at the other end of a pipe: a stopped editor holds up its own turns and loses nothing. Only what
cannot wait piles up, so that the bound is the last resort before the server goes down."""

SOCKET_LIMITS = OutboxLimits(overflow=32 * 1024 * 1024, producers_wait=False)
"""For one client of many: nobody waits for it, since others follow the same threads. With streamed text merged the
bound is hours of a model's output or over 100,000 small notifications, three times as many as the established server
keeps; a hundred clients that stall at once still fit into an ordinary machine's memory."""


class Outbox:
    """Messages for one client, in the order in which they were put.

    `put` never waits, so that an answer and the notifications that follow it are queued in one go. Producers of
    many messages await `ready` between them where the limits say so; a producer that may have one message queued at
    most awaits `put_and_wait`.

    For a client that is behind, delta notifications of one stream are merged into the first of them, as long as nothing
    but delta notifications was put in between: text stays complete and in order, and every other message keeps its
    place among all.

    Args:
        limits: how far the client may be behind.
        on_overflow: told once when the client is given up, from within `put`.
        write_now: writes a message without waiting, or says that it cannot; for `put_now`.
    """

    def __init__(
        self,
        limits: OutboxLimits = PEER_LIMITS,
        *,
        on_overflow: Callable[[], object] | None = None,
        write_now: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._limits = limits
        self._write_now = write_now
        self._on_overflow = on_overflow
        self._queue: deque[OutgoingMessage | MergedDeltas] = deque()
        # The messages at the end of the queue that take more text.
        self._streams: dict[Hashable, MergedDeltas] = {}
        self._queued_bytes = 0
        self._writing_bytes = 0
        self._closed = False
        self._put_count = 0
        self._taken_count = 0
        self._written_count = 0
        self._waiting_for_wire: deque[tuple[int, trio.Event]] = deque()
        self._arrival = Bell()
        self._room = trio.Event()
        self._room.set()

    @property
    def queued_bytes(self) -> int:
        """Bytes put and not yet written."""
        return self._queued_bytes + self._writing_bytes

    @property
    def closed(self) -> bool:
        """Whether messages put from now on are dropped."""
        return self._closed

    @property
    def congested(self) -> bool:
        """Whether the client is behind: `ready` would wait."""
        return not self._room.is_set()

    @property
    def producers_wait(self) -> bool:
        """Whether who produces much is to await `ready`."""
        return self._limits.producers_wait

    def put(self, message: OutgoingMessage, delta: DeltaNotification | None = None) -> None:
        """Queue one message; drop it when the outbox is closed.

        Args:
            message: as it goes to the transport.
            delta: what the message was made from, if its text may be merged into an earlier one's.
        """
        if self._closed:
            return
        if self._queued_bytes > self._limits.overflow:
            on_overflow = self._on_overflow
            self.abandon()
            if on_overflow is not None:
                on_overflow()
            return
        if delta is not None and not self._room.is_set():
            self._merge(delta)
        else:
            if self._streams:
                self._streams.clear()
            self._append(message, len(message))
        if self._room.is_set() and self.queued_bytes > self._limits.behind:
            self._room = trio.Event()
        self._arrival.ring()

    def put_now(self, message: OutgoingMessage) -> None:
        """Like `put`, past the writer when nothing else is to be written: who waits for one answer has it early.

        For messages that come one at a time; many in a row are better written together.
        """
        idle = not (self._queue or self._writing_bytes or self._closed)
        short = isinstance(message, bytes)
        if not (idle and short and self._write_now is not None and self._write_now(message)):
            self.put(message)

    async def put_and_wait(self, message: bytes) -> bool:
        """Queue one message and wait until the transport has taken all of it; False when the client is gone.

        Cancelled while waiting, the message may still be written.
        """
        self.put(message)
        place = self._put_count
        is_put = not self._closed
        await self.written()
        return is_put and self._written_count >= place

    async def written(self) -> None:
        """Wait until the transport has taken all that was put so far, or takes nothing more."""
        if self._closed or self._written_count == self._put_count:
            await trio.lowlevel.checkpoint()
            return
        written = trio.Event()
        self._waiting_for_wire.append((self._put_count, written))
        await written.wait()

    async def ready(self) -> None:
        """Wait while the client is behind. At once when the outbox is closed."""
        if self._room.is_set():
            await trio.lowlevel.checkpoint()
        else:
            await self._room.wait()

    async def take(self) -> list[OutgoingMessage] | None:
        """For the writer: waits for messages and takes a write's worth; None when closed and empty.

        Taking again says that what was taken before is written.
        """
        self._writing_bytes = 0
        self._written_count = self._taken_count
        self._tell_written()
        self._make_room()
        while not self._queue:
            if self._closed:
                return None
            await self._arrival.wait()
        batch: list[OutgoingMessage] = []
        while self._queue and self._writing_bytes < WRITE_BYTES:
            batch.append(self._pop())
            self._writing_bytes += len(batch[-1])
        self._queued_bytes -= self._writing_bytes
        return batch

    def close(self) -> None:
        """Take no more messages; those queued are still to be written."""
        self._closed = True
        self._arrival.ring()
        self._room.set()

    def abandon(self) -> None:
        """Take no more messages and drop those queued: the client is gone, or as good as that."""
        self._queue.clear()
        self._streams.clear()
        self._queued_bytes = 0
        # Whoever is told most likely holds this outbox.
        self._on_overflow = self._write_now = None
        self.close()
        while self._waiting_for_wire:
            self._waiting_for_wire.popleft()[1].set()

    def _append(self, message: OutgoingMessage | MergedDeltas, size: int) -> None:
        self._queue.append(message)
        self._queued_bytes += size
        self._put_count += 1

    def _merge(self, delta: DeltaNotification) -> None:
        merged = self._streams.get(delta.stream)
        if merged is None or merged.full:
            merged = self._streams[delta.stream] = MergedDeltas(delta)
            self._append(merged, merged.size)
        else:
            size = merged.size
            merged.add(delta)
            self._queued_bytes += merged.size - size

    def _pop(self) -> OutgoingMessage:
        self._taken_count += 1
        message = self._queue.popleft()
        if not isinstance(message, MergedDeltas):
            return message
        if self._streams.get(message.stream) is message:
            del self._streams[message.stream]
        return message.encode()

    def _tell_written(self) -> None:
        while self._waiting_for_wire and self._waiting_for_wire[0][0] <= self._written_count:
            self._waiting_for_wire.popleft()[1].set()

    def _make_room(self) -> None:
        if self.queued_bytes * 2 <= self._limits.behind:
            self._room.set()
