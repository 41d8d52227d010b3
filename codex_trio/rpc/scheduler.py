"""Which requests wait for which: one first-in-first-out line per serialization scope.

Owns the order in which requests of the same scope run: in arrival order, one at a time, except that a run of
neighbouring shared requests goes together. Does not know methods, tasks or connections. Called by the dispatcher:
`admit` in the order of arrival, then each request enters its ticket, in its own task if it has to wait.
"""

from collections import OrderedDict
from collections.abc import Hashable
from types import TracebackType

import trio


class RequestScheduler:
    """Shared by all connections, because most scopes are. Holds nothing for a scope without requests."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, _Line] = {}

    @property
    def busy_scopes(self) -> int:
        """How many scopes have a request running or waiting."""
        return len(self._lines)

    def admit(self, key: Hashable | None, *, shared: bool = False) -> "Ticket":
        """Puts a request at the end of its scope's line. It must be entered once, or it holds the others up.

        Args:
            key: the scope; None for a request that waits for nobody.
            shared: whether it may run together with shared neighbours.
        """
        if key is None:
            return Ticket(None, shared=True)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line(self._lines, key)
        return line.join(shared=shared)


class Ticket:
    """A request's place: `async with ticket:` waits for its turn and holds it. Cancelled while waiting, it leaves."""

    def __init__(self, line: "_Line | None", *, shared: bool) -> None:
        self._line = line
        self._shared = shared
        self._called = line is None
        self._turn: trio.Event | None = None

    @property
    def shared(self) -> bool:
        """Whether it may run together with shared neighbours."""
        return self._shared

    @property
    def called(self) -> bool:
        """Whether it is this request's turn, so that entering does not wait."""
        return self._called

    def call(self) -> None:
        """For the line: it is this request's turn."""
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
        """Gives up the place, so that the next request may run. May be repeated."""
        line, self._line = self._line, None
        if line is not None:
            line.leave(self)


class _Line:
    """The requests of one scope: those whose turn it is, and those behind them."""

    def __init__(self, lines: dict[Hashable, "_Line"], key: Hashable) -> None:
        self._lines = lines
        self._key = key
        # Many may wait, and all leave at once when their connection goes: leaving must not search.
        self._running: set[Ticket] = set()
        self._running_shared = False
        self._waiting: OrderedDict[Ticket, None] = OrderedDict()

    def join(self, *, shared: bool) -> Ticket:
        ticket = Ticket(self, shared=shared)
        self._waiting[ticket] = None
        self._advance()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        if ticket in self._running:
            self._running.remove(ticket)
        else:
            del self._waiting[ticket]
        self._advance()
        if not self._running and not self._waiting:
            del self._lines[self._key]

    def _advance(self) -> None:
        while self._waiting:
            ticket = next(iter(self._waiting))
            if self._running and not (self._running_shared and ticket.shared):
                return
            del self._waiting[ticket]
            self._running.add(ticket)
            self._running_shared = ticket.shared
            ticket.call()
