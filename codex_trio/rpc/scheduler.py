"""Which requests wait for which: one first-in-first-out line per serialization scope.

Owns which lines there are. Does not own their order (util.fair_lock), and knows no methods, tasks or connections:
`admit` in the order of arrival, then each request enters its ticket, in its own task if it has to wait.
"""

from collections.abc import Hashable
from functools import partial

from codex_trio.util.fair_lock import FairLock, Ticket


class RequestScheduler:
    """Shared by all connections, because most scopes are. Holds nothing for a scope without requests."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, FairLock] = {}

    @property
    def busy_scopes(self) -> int:
        """How many scopes have a request running or waiting."""
        return len(self._lines)

    @property
    def waiting(self) -> int:
        """How many requests wait for others."""
        return sum(line.waiting for line in self._lines.values())

    def admit(self, key: Hashable | None, *, shared: bool = False) -> Ticket:
        """Put a request at the end of its scope's line. It must be entered once, or it holds the others up.

        Args:
            key: the scope; None for a request that waits for nobody.
            shared: whether it may run together with shared neighbours.
        """
        if key is None:
            return Ticket(None, shared=True)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = FairLock(partial(self._lines.pop, key, None))
        return line.join(shared=shared)
