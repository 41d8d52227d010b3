"""The queue between everything that has something to say to one client and the one task that writes to it.

Owns order, the byte bounds and the waiting for room. Does not own encoding nor the transport.
Called by `rpc.outgoing` and `rpc.connection`, whose writer task drains it.
"""

from collections import deque
from collections.abc import Callable

import trio

HIGH_WATER_BYTES = 1024 * 1024
"""Above this producers that can wait do: more than a pipe holds, little enough that a stall costs no memory."""

OVERFLOW_BYTES = 256 * 1024 * 1024
"""Above this the client is not reading at all, and is disconnected before it takes the server down with it."""

WRITE_BYTES = 256 * 1024
"""How much queued traffic is joined into one write."""


class Outbox:
    """Messages for one client, in the order in which they were put.

    `put` never waits, so that an answer and the notifications that follow it are queued in one go; who produces much
    awaits `ready` in between.

    Args:
        high_water: bytes queued above which `ready` waits, until half of it is left.
        overflow: bytes queued above which the next `put` drops everything and gives the client up.
        on_overflow: told once when that happens, from within `put`.
    """

    def __init__(
        self,
        *,
        high_water: int = HIGH_WATER_BYTES,
        overflow: int = OVERFLOW_BYTES,
        on_overflow: Callable[[], object] | None = None,
    ) -> None:
        self._high_water = high_water
        self._overflow = overflow
        self._on_overflow = on_overflow
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._writing_bytes = 0
        self._closed = False
        self._arrival = trio.Event()
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
        """Whether `ready` would wait."""
        return not self._room.is_set()

    def put(self, message: bytes) -> None:
        """Queues one message; drops it when the outbox is closed."""
        if self._closed:
            return
        if self.queued_bytes > self._overflow:
            self.abandon()
            if self._on_overflow is not None:
                self._on_overflow()
            return
        self._queue.append(message)
        self._queued_bytes += len(message)
        if self._room.is_set() and self.queued_bytes > self._high_water:
            self._room = trio.Event()
        self._arrival.set()

    async def ready(self) -> None:
        """Waits while the client is behind by more than the high-water mark. At once when it is closed."""
        if self._room.is_set():
            await trio.lowlevel.checkpoint()
        else:
            await self._room.wait()

    async def take(self) -> list[bytes] | None:
        """For the writer: waits for messages and takes a write's worth; None when closed and empty.

        Taking again says that what was taken before is written.
        """
        self._writing_bytes = 0
        self._make_room()
        while not self._queue:
            if self._closed:
                return None
            self._arrival = trio.Event()
            await self._arrival.wait()
        batch: list[bytes] = []
        while self._queue and self._writing_bytes < WRITE_BYTES:
            batch.append(self._queue.popleft())
            self._writing_bytes += len(batch[-1])
        self._queued_bytes -= self._writing_bytes
        return batch

    def close(self) -> None:
        """No more messages: those queued are still to be written."""
        self._closed = True
        self._arrival.set()
        self._room.set()

    def abandon(self) -> None:
        """No more messages, and those queued are dropped: the client is gone."""
        self._queue.clear()
        self._queued_bytes = 0
        self.close()

    def _make_room(self) -> None:
        if self.queued_bytes * 2 <= self._high_water:
            self._room.set()
