"""Pages of a thread's turns and items.

Owns page sizes, cursors and the choice of what a page holds; wire-free. Does not own where turns and items are in the
files (state/rollout) nor how turns become wire turns (projection.py). What a page holds is chosen on the event loop by
the index alone; its lines are read in a worker thread.

Cursors name the thread, the kind of page, and a rollout ordinal; they are opaque to clients and stay good while a
thread grows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec
import trio

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import ItemSpan, TurnSnapshot, TurnSpan
from codex_trio.state.history.spans import SpanIndex
from codex_trio.state.history.values import StoredItem, StoredTurn
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.state.store.interface import InvalidCursor
from codex_trio.util import decoding
from codex_trio.util.paging import page_size

View: TypeAlias = Literal["full", "summary", "notLoaded"]
"""How much of a turn is wanted: all its items, what was asked first and answered last, or none."""

_SLICE_BYTES = 16 << 20
_SLICE_TURNS = 1000
"""What is read in one go in the worker thread."""

_FEW_BYTES = 512 << 10
"""What is decoded at once of it: as much as a processor's cache holds several times."""

_Scope: TypeAlias = Literal["turns", "itemsByCreatedAtOrdinal"]
_Converted = TypeVar("_Converted")


class ItemAnchor(msgspec.Struct, frozen=True):
    """An item to page from, itself excluded."""

    turn_id: str
    item_id: str


class TurnPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some turns, and the cursors that continue after the last and go back from the first."""

    turns: Sequence[StoredTurn]
    next_cursor: str | None
    backwards_cursor: str | None


class ItemRow(msgspec.Struct, frozen=True):
    """An item with the id of its turn."""

    turn_id: str
    item: StoredItem


class ItemPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some items, and the cursors that continue after the last and go back from the first."""

    items: Sequence[ItemRow]
    next_cursor: str | None
    backwards_cursor: str | None


class _CursorScope(msgspec.Struct, frozen=True):
    kind: str


class _HistoryCursor(msgspec.Struct, frozen=True, rename="camel"):
    requested_thread_id: str
    rollout_ordinal: int
    include_anchor: bool
    scope: _CursorScope

    @property
    def first_after(self) -> int:
        """The least ordinal past the anchor, going up."""
        return self.rollout_ordinal + (not self.include_anchor)

    @property
    def end_before(self) -> int:
        """The least ordinal that is not past the anchor, going down."""
        return self.rollout_ordinal + self.include_anchor


_cursor_decoder = decoding.json_decoder(_HistoryCursor)


async def page_turns(
    history: RolloutHistory,
    *,
    thread_id: str,
    cursor: str | None,
    limit: int | None,
    view: View,
    descending: bool = True,
) -> TurnPage:
    """Return a page of turns, newest first unless told otherwise. Raises InvalidCursor, RolloutReadError."""
    anchor = None if cursor is None else _decode_cursor(cursor, thread_id, "turns")
    count = page_size(limit)
    async with history.lock:
        turns = _turns_from(history.index, anchor, count + 1, descending=descending)
        more = len(turns) > count
        chosen = [history.index.snapshot(turn) for turn in turns[:count]]
    rows = await trio.to_thread.run_sync(history.read_turns, chosen, _CHOICES[view])
    return TurnPage(
        turns=rows,
        next_cursor=_cursor(thread_id, rows[-1].ordinal, "turns", include_anchor=False) if more else None,
        backwards_cursor=_cursor(thread_id, rows[0].ordinal, "turns", include_anchor=True) if rows else None,
    )


async def page_items(
    history: RolloutHistory,
    *,
    thread_id: str,
    turn_id: str | None = None,
    cursor: str | ItemAnchor | None,
    limit: int | None,
    descending: bool = False,
) -> ItemPage:
    """Return a page of items, of one turn or of all, oldest first unless told otherwise.

    Raises InvalidCursor, RolloutReadError.
    """
    async with history.lock:
        anchor: _HistoryCursor | None = None
        if isinstance(cursor, ItemAnchor):
            anchor = _anchor_cursor(history.index, cursor, thread_id)
        elif cursor is not None:
            anchor = _decode_cursor(cursor, thread_id, "itemsByCreatedAtOrdinal")
        count = page_size(limit)
        turns = _turns_with_items(history.index, turn_id, anchor, count + 1, descending=descending)
        snapshots = [history.index.snapshot(turn) for turn in turns]
    read = partial(_read_items, history, snapshots, anchor, count, descending=descending)
    rows, more = await trio.to_thread.run_sync(read)
    scope: _Scope = "itemsByCreatedAtOrdinal"
    return ItemPage(
        items=rows,
        next_cursor=_cursor(thread_id, rows[-1].item.ordinal, scope, include_anchor=False) if more and rows else None,
        backwards_cursor=_cursor(thread_id, rows[0].item.ordinal, scope, include_anchor=True) if rows else None,
    )


async def find_items(history: RolloutHistory, *, turn_id: str, item_ids: Collection[str]) -> list[ItemRow]:
    """Return those of a turn's items that are named, in the order of the turn. Raises RolloutReadError."""
    async with history.lock:
        turn = history.index.turn(turn_id)
        snapshot = None if turn is None else history.index.snapshot(turn)
    if snapshot is None:
        return []

    def read(turn: TurnSnapshot = snapshot) -> list[StoredItem]:
        return history.read_items([span for span in turn.items() if span.id in item_ids])

    return [ItemRow(turn_id, item) for item in await trio.to_thread.run_sync(read)]


class ConvertedTurns(Generic[_Converted]):
    """Every turn of a history with all its items, made over by `convert`, in the worker thread, a few turns at a time.

    No more than those few are held at once; what `convert` makes of them is kept.
    """

    def __init__(self, history: RolloutHistory, convert: Callable[[Sequence[StoredTurn]], _Converted]) -> None:
        self._history = history
        self._convert = convert
        self._slices: dict[tuple[int, int], _Slice[_Converted]] = {}

    async def read(self) -> list[_Converted]:
        """Return the turns as they are now; called again, only what has changed is read again.

        Raises RolloutReadError.
        """
        slices: dict[tuple[int, int], _Slice[_Converted]] = {}
        after = -1
        while True:
            async with self._history.lock:
                index = self._history.index
                turns = _slice_of_turns(index, after)
                if not turns:
                    break
                after = turns[-1].ordinal
                key = (turns[0].ordinal, after)
                known = self._slices.get(key)
                as_of = index.facts.next_ordinal
                if known is not None and all(turn.touched < known.as_of for turn in turns):
                    slices[key] = known
                    continue
                snapshots = [index.snapshot(turn) for turn in turns]
            slices[key] = _Slice(await trio.to_thread.run_sync(self._make, snapshots), as_of)
        self._slices = slices
        return [converted for made in slices.values() for converted in made.converted]

    def _make(self, snapshots: Sequence[TurnSnapshot]) -> list[_Converted]:
        made: list[_Converted] = []
        few: list[TurnSnapshot] = []
        for snapshot in snapshots:
            if few and snapshot.turn.start - few[0].turn.start > _FEW_BYTES:
                made.append(self._convert(self._history.read_turns(few, _all)))
                few = []
            few.append(snapshot)
        made.append(self._convert(self._history.read_turns(few, _all)))
        return made


class _Slice(msgspec.Struct, Generic[_Converted], frozen=True):
    """What was made of some turns, before the line with the ordinal `as_of`."""

    converted: Sequence[_Converted]
    as_of: int


def turn_cursor(thread_id: str, ordinal: int) -> str:
    """Return where pages of turns begin with the turn of that ordinal."""
    return _cursor(thread_id, ordinal, "turns", include_anchor=True)


def latest_turn_cursor(history: RolloutHistory, thread_id: str) -> str | None:
    """Return where pages of turns go back from, the latest turn being the first; None before there is one."""
    turns = history.index.turns
    return turn_cursor(thread_id, turns[-1].ordinal) if turns else None


def latest_item_cursor(history: RolloutHistory, thread_id: str) -> str | None:
    """Return where pages of items go back from, the latest item being the first; None before there is one."""
    index = history.index
    latest = max((turn.last_item for turn in index.out_of_order()), default=-1)
    in_place = (turn.last_item for turn in reversed(index.turns) if turn.last_item >= 0)
    latest = max(latest, next(in_place, -1))
    return None if latest < 0 else _cursor(thread_id, latest, "itemsByCreatedAtOrdinal", include_anchor=True)


# --- what a turn shows -----------------------------------------------------------------------------------------------


def _all(items: Sequence[ItemSpan]) -> Sequence[ItemSpan]:
    return items


def _summary(items: Sequence[ItemSpan]) -> Sequence[ItemSpan]:
    """Return what the user asked first and what the agent answered last."""
    asked = next((item for item in items if item.kind == "user"), None)
    answered = next((item for item in reversed(items) if item.kind == "agent"), None)
    return [item for item in (asked, answered) if item is not None]


def _none(_items: Sequence[ItemSpan]) -> Sequence[ItemSpan]:
    return ()


_CHOICES: dict[View, Callable[[Sequence[ItemSpan]], Sequence[ItemSpan]]] = {
    "full": _all,
    "summary": _summary,
    "notLoaded": _none,
}


# --- choosing --------------------------------------------------------------------------------------------------------


def _turns_from(index: SpanIndex, anchor: _HistoryCursor | None, count: int, *, descending: bool) -> Sequence[TurnSpan]:
    """Return the next turns after the anchor, `count` of them at most."""
    turns = index.turns
    if not descending:
        first = 0 if anchor is None else index.position_at(anchor.first_after)
        return turns[first : first + count]
    end = len(turns) if anchor is None else index.position_at(anchor.end_before)
    return turns[max(end - count, 0) : end][::-1]


def _turns_with_items(
    index: SpanIndex, turn_id: str | None, anchor: _HistoryCursor | None, count: int, *, descending: bool
) -> list[TurnSpan]:
    """Return the turns that hold the next `count` items after the anchor, and maybe others."""
    if turn_id is not None:
        turn = index.turn(turn_id)
        return [] if turn is None else [turn]
    out_of_order = index.out_of_order()
    found = {turn.id: turn for turn in out_of_order}
    needed = count
    for turn in _turns_past(index, anchor, descending=descending):
        if turn.id in found:
            continue
        found[turn.id] = turn
        # Of the turn that the anchor is in, it is not known how many of its items are past it.
        if anchor is None or (
            turn.last_item < anchor.rollout_ordinal if descending else turn.ordinal > anchor.rollout_ordinal
        ):
            needed -= turn.counted
        if needed <= 0:
            break
    return list(found.values())


def _turns_past(index: SpanIndex, anchor: _HistoryCursor | None, *, descending: bool) -> Iterator[TurnSpan]:
    turns = index.turns
    if descending:
        end = len(turns) if anchor is None else index.position_at(anchor.rollout_ordinal + 1)
        return (turns[position] for position in range(end - 1, -1, -1))
    # Items of the turn before the anchor's place may be past it.
    first = 0 if anchor is None else max(index.position_at(anchor.rollout_ordinal + 1) - 1, 0)
    return (turns[position] for position in range(first, len(turns)))


def _slice_of_turns(index: SpanIndex, after: int) -> list[TurnSpan]:
    """Return the next turns after that ordinal, as many as are read in one go."""
    turns = index.turns
    first = index.position_at(after + 1)
    chosen: list[TurnSpan] = []
    for position in range(first, min(first + _SLICE_TURNS, len(turns))):
        if chosen and turns[position].start - chosen[0].start > _SLICE_BYTES:
            break
        chosen.append(turns[position])
    return chosen


def _read_items(
    history: RolloutHistory,
    turns: Sequence[TurnSnapshot],
    anchor: _HistoryCursor | None,
    count: int,
    *,
    descending: bool,
) -> tuple[list[ItemRow], bool]:
    """Return the items of those turns after the anchor, `count` of them at most, and whether there are more.

    In the worker thread.
    """
    pairs = [(item, snapshot.turn.id) for snapshot in turns for item in snapshot.items()]
    if anchor is not None:
        if descending:
            pairs = [pair for pair in pairs if pair[0].ordinal < anchor.end_before]
        else:
            pairs = [pair for pair in pairs if pair[0].ordinal >= anchor.first_after]
    pairs.sort(key=lambda pair: pair[0].ordinal, reverse=descending)
    turn_ids = {item.ordinal: turn_id for item, turn_id in pairs[:count]}
    items = history.read_items([item for item, _ in pairs[:count]])
    return [ItemRow(turn_ids[item.ordinal], item) for item in items], len(pairs) > count


# --- cursors ---------------------------------------------------------------------------------------------------------


def _cursor(thread_id: str, ordinal: int, scope: _Scope, *, include_anchor: bool) -> str:
    cursor = _HistoryCursor(
        requested_thread_id=thread_id,
        rollout_ordinal=ordinal,
        include_anchor=include_anchor,
        scope=_CursorScope(scope),
    )
    return msgspec.json.encode(cursor).decode()


def _decode_cursor(text: str, thread_id: str, scope: _Scope) -> _HistoryCursor:
    try:
        cursor = _cursor_decoder.decode(text)
    except UNDECODABLE:
        raise InvalidCursor(text) from None
    if cursor.requested_thread_id != thread_id or cursor.scope.kind != scope:
        raise InvalidCursor(text)
    return cursor


def _anchor_cursor(index: SpanIndex, anchor: ItemAnchor, thread_id: str) -> _HistoryCursor:
    turn = index.turn(anchor.turn_id)
    items = [] if turn is None else index.snapshot(turn).items()
    for item in items:
        if item.id == anchor.item_id:
            scope = _CursorScope("itemsByCreatedAtOrdinal")
            return _HistoryCursor(thread_id, item.ordinal, include_anchor=False, scope=scope)
    raise InvalidCursor(anchor.item_id)
