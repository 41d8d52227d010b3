"""How many requests of one client may be under way, and what happens to those that are too many.

Owns the bound per client and the choice between waiting and refusing. Does not own the requests' tasks, nor their order
(rpc.scheduler).
"""

import trio

from codex_trio.rpc.outbox import Outbox
from codex_trio.util.bell import Bell

MAX_REQUESTS = 1024
"""Requests of one client that may be under way or wait for their turn: ten times what pipelining clients send at once,
and little memory."""

MAKE_ROOM = frozenset(
    (
        *("command/exec/terminate", "process/kill", "fs/unwatch", "fuzzyFileSearch/sessionStop"),
        *("turn/interrupt", "thread/unsubscribe", "thread/search/cancel", "thread/search/stream/cancel"),
        *("thread/backgroundTerminals/terminate", "thread/backgroundTerminals/clean"),
    )
)
"""What ends something: requests that wait for it, as input of a process does that never reads, end with it. As many
more of these are taken where there is no room for others: else their client could never do anything about it."""

MAX_BYTES = 64 * 1024 * 1024
"""The same bound for what they carry. One of any size is taken when there are no others."""

STALL_SECONDS = 1.0
"""For how long nothing is read while none of the requests under way ends: they may wait for a message of the client,
which is found by reading on and refusing the requests before it."""

UNREAD_SECONDS = 10.0
"""For how long nothing is read while the client reads nothing itself: it may be stopped, or far away and in the middle
of a big answer. A client that reads only after it has sent everything would wait for ever."""


class InFlight:
    """The requests of one client that are not answered yet.

    Each client has its own bound, so that nobody's requests, and no newcomer's `initialize`, wait behind another's.

    Args:
        outbox: of the same client; who does not read answers is not asked for more questions.
        paced: whether the client may be made to wait by not reading, rather than refused.
        max_requests, max_bytes: the bound.
    """

    def __init__(
        self, outbox: Outbox, *, paced: bool, max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._outbox = outbox
        self._paced = paced
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._bytes = 0
        self._stalled = False
        self._ended = Bell()
        self.count = 0

    @property
    def has_room(self) -> bool:
        """Whether another request may be taken right away."""
        return not self._full and not self._outbox.congested

    def takes(self, method: str) -> bool:
        """Return whether a request of this method may be taken right away."""
        if method in MAKE_ROOM:
            return self.count < 2 * self._max_requests and not self._outbox.congested
        return self.has_room

    async def wait_for_room(self) -> bool:
        """Wait until another request may be taken; False when it must be refused.

        A client that can be paced waits while its requests end, and any client until it has read its answers. When
        nothing moves requests are refused, at once from then on until something does.
        """
        while not self.has_room:
            if self._stalled or (self._full and not self._paced):
                return False
            with trio.move_on_after(STALL_SECONDS if self._full else UNREAD_SECONDS) as waiting:
                await self._something_to_move()
            self._stalled = waiting.cancelled_caught
        self._stalled = False
        return True

    def add(self, size: int) -> None:
        """Note that a request of this many bytes is under way."""
        self.count += 1
        self._bytes += size

    def remove(self, size: int) -> None:
        """Note that it was answered."""
        self.count -= 1
        self._bytes -= size
        self._stalled = False
        self._ended.ring()

    @property
    def _full(self) -> bool:
        return self.count >= self._max_requests or self._bytes >= self._max_bytes

    async def _something_to_move(self) -> None:
        if self._full:
            await self._ended.wait()
        else:
            await self._outbox.ready()
