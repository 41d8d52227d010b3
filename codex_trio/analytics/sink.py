"""Where facts go: something that takes them without ever making the server wait.

Owns the interface, the bounded queue in memory, and the sink of a server that counts nothing. Does not own what facts
are made into. One sink for each server, passed down by the composition root.
"""

import logging
from collections import deque
from typing import Protocol

from codex_trio.analytics.facts import Fact

_log = logging.getLogger(__name__)

CAPACITY = 256
"""Facts that may wait: a few hundred kilobytes, and more than a burst of requests makes."""


class FactSink(Protocol):
    """Takes facts."""

    def record(self, fact: Fact) -> None:
        """Take a fact, or drop it. Never waits and never raises: what is counted must not harm what is done."""
        ...


class NoAnalytics:
    """The sink of a server that sends no analytics."""

    def record(self, fact: Fact) -> None:
        """Drop the fact."""


class FactQueue:
    """Keeps facts until somebody takes them; when it is full new ones are dropped, with a warning for each run of them.

    Args:
        capacity: how many facts may wait.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._facts: deque[Fact] = deque()
        self._dropping = False
        self.dropped = 0

    def record(self, fact: Fact) -> None:
        """Take a fact, or drop it when too many wait."""
        if len(self._facts) < self._capacity:
            self._facts.append(fact)
            self._dropping = False
            return
        self.dropped += 1
        if not self._dropping:
            _log.warning("analytics: more than %d facts wait; new ones are dropped", self._capacity)
        self._dropping = True

    def take_all(self) -> list[Fact]:
        """Return the facts that wait, oldest first; they wait no longer."""
        facts = list(self._facts)
        self._facts.clear()
        return facts
