"""The port between the turns of a thread and what goes along with all of them, whatever they are about.

Owns what a companion is asked at each step of a turn, and what it may add. Does not own any companion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from codex_trio.engine import events
from codex_trio.engine.events import TurnFailure, TurnStatus


class TurnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which turn it is: `trigger` is what made it begin, `mode` how the user works with the model in it."""

    turn_id: str
    trigger: str | None
    mode: str


class TurnEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a turn ends. `is_stopped`: somebody stopped it, and not the end of the server;
    `is_replaced`: not for its own sake, but for other work that takes its place.
    """

    status: TurnStatus
    failure: TurnFailure | None
    is_stopped: bool
    is_replaced: bool
    calls: int
    """How many tools the model has called in it."""


class LastWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told right before the end of a turn; `goes_on`: another turn follows by itself."""

    events: Sequence[events.Event] = ()
    goes_on: bool = False


NO_WORDS = LastWords()


class TurnCompanion(Protocol):
    """Something that goes along with the turns of a thread. What it raises would break the turn: it raises nothing."""

    def began(self, turn: TurnFacts) -> None:
        """Note that a turn begins."""
        ...

    async def responded(self) -> None:
        """See to what follows from a response after which the model is asked again; its calls are answered."""
        ...

    def news(self) -> Sequence[str]:
        """Return what the model is to read next, once; the turn does not end before it has."""
        ...

    async def ending(self, end: TurnEnd) -> LastWords:
        """See to what follows from the end of the turn, before anybody is told of it."""
        ...


class Companions:
    """All companions of a thread, as one."""

    def __init__(self, companions: Iterable[TurnCompanion] = ()) -> None:
        self._companions = tuple(companions)

    def began(self, turn: TurnFacts) -> None:
        for companion in self._companions:
            companion.began(turn)

    async def responded(self) -> None:
        for companion in self._companions:
            await companion.responded()

    def news(self) -> Sequence[str]:
        return [text for companion in self._companions for text in companion.news()]

    async def ending(self, end: TurnEnd) -> LastWords:
        words = [await companion.ending(end) for companion in self._companions]
        return LastWords(
            events=[event for each in words for event in each.events], goes_on=any(each.goes_on for each in words)
        )
