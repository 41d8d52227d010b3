"""What passes between a request about a turn and the thread that serves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import trio


class PendingAnswer(Protocol):
    """The answer that a request still waits for: what the request sets off is told after it."""

    @property
    def answered(self) -> trio.Event:
        """Set when the answer is queued for the client, or the request ends without one: it always comes."""
        ...

    def when_answered(self, callback: Callable[[], object]) -> None:
        """Have a synchronous function run when `answered` is set."""
        ...

    @property
    def leave_scope(self) -> Callable[[], None]:
        """Lets the next request of the same scope run, though this one is not answered yet."""
        ...


class TurnTaken(NamedTuple):
    """The turn that took an input up."""

    turn_id: str
    root_turn_id: str
