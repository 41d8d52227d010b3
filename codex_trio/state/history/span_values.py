"""What an index of a rollout is made of: where lines, items and turns are, and all that it knows at some offset.

Owns these values, which outlive the process in the state database (stored_index.py), and packing a turn's items. Does
not own how lines make them (spans.py).
"""

from __future__ import annotations

import msgspec

from codex_trio.state.history.marks import ItemKind
from codex_trio.state.history.values import HistoryFacts, TurnStatus
from codex_trio.state.rollout import events, legacy
from codex_trio.util import decoding


class LineSpan(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a line is: its length in bytes, newline included, from an offset into the thread's lines."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """Where the next line begins."""
        return self.start + self.length


class ItemSpan(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """An item, and the lines that it is made from, in order; `ordinal` is that of the line that first told of it.

    One that is `recovered` was never stored as such: it left traces in the model's history.
    """

    id: str
    kind: ItemKind
    ordinal: int
    lines: tuple[LineSpan, ...]
    recovered: bool = False


class TurnSpan(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A turn without its items; `ordinal` and `start` are the place of the line that opened it.

    `counted` is how many of its items take a number where items are numbered, `last_item` the highest ordinal of an
    item, `touched` that of the last line that changed anything, `ended` that of the line that ended it. `packed` holds
    its items unless the index has them at hand.
    """

    id: str
    ordinal: int
    start: int
    status: TurnStatus = "in_progress"
    root_turn_id: str | None = None
    error: events.TurnError | None = None
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None
    counted: int = 0
    last_item: int = -1
    touched: int = -1
    ended: int = -1
    packed: bytes = b""


class TurnSnapshot(msgspec.Struct, frozen=True):
    """A turn as it was at some moment; its items are unpacked only when they are asked for."""

    turn: TurnSpan
    at_hand: list[ItemSpan] | None
    unprocessed: tuple[ItemSpan, ...] = ()

    def items(self) -> list[ItemSpan]:
        """Return its items, in the order of their ordinals."""
        items = _unpack(self.turn) if self.at_hand is None else self.at_hand
        return [*items, *self.unprocessed]


class AcceptedInput(msgspec.Struct, frozen=True, array_like=True):
    """An input that a turn has yet to take up, and the line that says so."""

    turn_id: str
    item_id: str
    kind: ItemKind
    line: LineSpan


class IndexState(msgspec.Struct, kw_only=True):
    """All that a `SpanIndex` knows after the lines before `position`."""

    position: int = 0
    facts: HistoryFacts = msgspec.field(default_factory=HistoryFacts)
    turns: list[TurnSpan] = msgspec.field(default_factory=list[TurnSpan])
    removed: set[str] = msgspec.field(default_factory=set[str])
    # Turns known only through their items so far: neither their start nor their end has been seen.
    unrecorded: set[str] = msgspec.field(default_factory=set[str])
    # Turns with items that were first told of before the turn began or after a later one had.
    out_of_order: set[str] = msgspec.field(default_factory=set[str])
    # The turn that events without a turn id belong to, and whether its start was recorded.
    current: str | None = None
    current_is_explicit: bool = False
    next_item_number: int = 1
    # Items that only left traces, with their turns: they take no number and do not part reasoning.
    recovered: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    calls: legacy.OpenCalls = msgspec.field(default_factory=legacy.OpenCalls)
    context_line: LineSpan | None = None
    in_base: bool = False
    accepted: list[AcceptedInput] = msgspec.field(default_factory=list[AcceptedInput])
    # Where the lines are that replace all that the model knew before, and those that count no more for what it knows.
    compactions: list[int] = msgspec.field(default_factory=list[int])
    undone: list[LineSpan] = msgspec.field(default_factory=list[LineSpan])

    @property
    def model_start(self) -> int:
        """Where the lines begin from which the model's history can be told."""
        return self.compactions[-1] if self.compactions else 0


_encoder = msgspec.msgpack.Encoder()
_packed_decoder = decoding.msgpack_decoder(list[ItemSpan])


def _unpack(turn: TurnSpan) -> list[ItemSpan]:
    return _packed_decoder.decode(turn.packed) if turn.packed else []


class ItemsAtHand(msgspec.Struct):
    """A turn's items at hand, in the order in which they were first told of."""

    order: list[str]
    by_id: dict[str, ItemSpan]

    @classmethod
    def of(cls, turn: TurnSpan) -> ItemsAtHand:
        items = _unpack(turn)
        return cls([item.id for item in items], {item.id: item for item in items})

    def spans(self) -> list[ItemSpan]:
        return [self.by_id[item_id] for item_id in self.order]

    def pack(self) -> bytes:
        """Return what `TurnSpan.packed` holds."""
        return _encoder.encode(self.spans())
