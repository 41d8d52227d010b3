"""The port between a session and the work that it does, of whatever kind.

Owns what a session knows of a task. Does not own what a task knows of its session (session/task_context.py).
"""

from __future__ import annotations

from typing import Protocol

import trio

from codex_trio.engine.pending_input import PendingInput
from codex_trio.engine.settings import ThreadSettings
from codex_trio.engine.turn_request import TurnInput


class TakesNoInput(Exception):
    """The task that runs cannot be told anything; `kind` is what it is, as clients know it."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"cannot steer a {kind} turn")
        self.kind = kind


class Task(Protocol):
    """Work that clients see as a turn; a session has one at a time."""

    @property
    def id(self) -> str:
        """The id of the turn."""
        ...

    @property
    def root_id(self) -> str:
        """The first turn of the chain that this one belongs to."""
        ...

    @property
    def settings(self) -> ThreadSettings:
        """What it runs with, whatever is changed for later ones meanwhile."""
        ...

    @property
    def stored(self) -> trio.Event:
        """Set when what it began with survives the end of this process, or it is over without it."""
        ...

    @property
    def ended(self) -> trio.Event:
        """Set when its end was told."""
        ...

    @property
    def accepts_input(self) -> bool:
        """Whether it can be told more."""
        ...

    def add_input(self, given: TurnInput, answered: trio.Event) -> PendingInput:
        """Say more while it runs; it is taken up once `answered` is set. Raises TakesNoInput."""
        ...

    async def run(self) -> None:
        """Run to the end, whatever that is, and say so; raise only when the whole server is cancelled."""
        ...

    async def interrupt(self, answered: trio.Event, *, replaced: bool = False) -> None:
        """Stop, and return when that is stored or takes too long; tell the end once `answered` is set.

        `replaced`: other work takes its place.
        """
        ...
