"""A fair lock with two ways to hold it: shared holders go together, an exclusive one is alone, in order of arrival.

Owns the line in which holders wait. Does not know what is locked.
"""

from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType

import trio


def _nothing() -> None:
    pass


class FairLock:
    """First come, first served; a run of shared neighbours holds it together, and nobody overtakes who waits.

    Args:
        when_free: called whenever nobody holds it or waits for it any more.
    """

    def __init__(self, when_free: Callable[[], object] = _nothing) -> None:
        self._when_free = when_free
        # Many may wait, and all leave at once when their connection goes: leaving must not search.
        self._holding: set[Ticket] = set()
        self._is_shared = False
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def join(self, *, shared: bool) -> "Ticket":
        """Take the last place of the line. It must be entered once, or left, or it holds the others up."""
        ticket = Ticket(self, shared=shared)
        self._waiting[ticket] = None
        self._advance()
        return ticket

    def leave(self, ticket: "Ticket") -> None:
        """Give a place up; by way of `Ticket.leave`."""
        if ticket in self._holding:
            self._holding.remove(ticket)
        else:
            del self._waiting[ticket]
        self._advance()
        if not self._holding and not self._waiting:
            self._when_free()

    def _advance(self) -> None:
        while self._waiting:
            ticket = next(iter(self._waiting))
            if self._holding and not (self._is_shared and ticket.shared):
                return
            del self._waiting[ticket]
            self._holding.add(ticket)
            self._is_shared = ticket.shared
            ticket.call()


class Ticket:
    """A place in the line: `async with ticket:` waits for its turn and holds it. Cancelled while waiting, it leaves."""

    def __init__(self, lock: FairLock | None, *, shared: bool) -> None:
        """Without a lock it is its turn already."""
        self._lock = lock
        self._called = lock is None
        self._turn: trio.Event | None = None
        self.shared = shared

    @property
    def called(self) -> bool:
        """Whether it is its turn, so that entering does not wait."""
        return self._called

    def call(self) -> None:
        """Say that it is its turn; for the lock."""
        self._called = True
        if self._turn is not None:
            self._turn.set()

    async def __aenter__(self) -> None:
        if self._called:
            return
        self._turn = trio.Event()
        try:
            await self._turn.wait()
        except BaseException:
            self.leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Give up the place, so that the next one may have its turn. May be repeated."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.leave(self)
