"""A thread's history as a row of places: where turns begin and end, their items between, and what was said by voice.

Owns which places there are, their order, pages and cursors; wire-free. Does not own where turns and items are in the
files (state/rollout) nor their wire form. Pages are read backwards from the end, and each is in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal, TypeAlias

import msgspec
import trio

from codex_trio.domain.realtime import RealtimeItem
from codex_trio.state.history.realtime import realtime_entries
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import ItemSpan, LineSpan, TurnSnapshot, TurnSpan
from codex_trio.state.history.values import StoredItem, StoredTurn
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.util import decoding
from codex_trio.util.paging import page_size

Kind: TypeAlias = Literal[0, 1, 2, 3]
"""What is at a place: the beginning of a turn, an item, something of a voice session, the end of a turn. Of one line,
it is told in this order.
"""

START: Literal[0] = 0
ITEM: Literal[1] = 1
VOICE: Literal[2] = 2
END: Literal[3] = 3


class InvalidTimelineCursor(Exception):
    """A cursor that no page of this timeline gave out."""


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the timeline; `position` is the ordinal of the line that tells of it. `turn` comes without items.

    What was said by voice belongs to no turn.
    """

    position: int
    kind: Kind
    turn: StoredTurn | None = None
    item: StoredItem | None = None
    voice: RealtimeItem | None = None


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some places, and the cursor that goes on before them; None at the beginning."""

    entries: Sequence[TimelineEntry]
    next_cursor: str | None


class _TimelineCursor(msgspec.Struct, frozen=True, rename="camel"):
    """The first place of a page: what is before it comes next."""

    thread_id: str
    position: int
    kind: int
    id: str


class _Place(msgspec.Struct, frozen=True, order=True):
    """A place before its item and turn are read; compares by where it is."""

    position: int
    kind: Kind
    id: str
    turn_id: str


_cursor_decoder = decoding.json_decoder(_TimelineCursor)


async def page_timeline(
    history: RolloutHistory, *, thread_id: str, cursor: str | None, limit: int | None
) -> TimelinePage:
    """Return the last places before the cursor, or of all. Raises InvalidTimelineCursor, RolloutReadError."""
    before = None if cursor is None else _decode(cursor, thread_id)
    count = page_size(limit)
    async with history.lock:
        turns = list(_turns_before(history, before, count + 1))
        snapshots = {turn.id: history.index.snapshot(turn) for turn in turns}
        lines = _lines_of(history, turns, before)
    return await trio.to_thread.run_sync(partial(_read, history, thread_id, snapshots, lines, before, count))


def _lines_of(history: RolloutHistory, turns: Sequence[TurnSpan], before: _TimelineCursor | None) -> LineSpan:
    """Return where the lines are that tell of these turns, up to the cursor, and of what was said between them."""
    index = history.index
    first = index.turns[0] if index.turns else None
    start = 0 if not turns or first in turns else min(turn.start for turn in turns)
    after = len(index.turns) if before is None else index.position_at(before.position + 1)
    end = index.turns[after].start if after < len(index.turns) else index.state.position
    return LineSpan(start, max(end - start, 0))


def _turns_before(history: RolloutHistory, before: _TimelineCursor | None, count: int) -> Iterator[TurnSpan]:
    """Yield the turns that hold the last `count` places before the cursor, and maybe others."""
    index = history.index
    out_of_order = {turn.id: turn for turn in index.out_of_order()}
    yield from out_of_order.values()
    end = len(index.turns) if before is None else index.position_at(before.position + 1)
    for position in range(end - 1, -1, -1):
        turn = index.turns[position]
        if turn.id in out_of_order:
            continue
        yield turn
        # Of the turn that the cursor is in, it is not known how much is before it.
        if before is None or turn.touched < before.position:
            count -= 1 + turn.counted
        if count <= 0:
            return


def _read(
    history: RolloutHistory,
    thread_id: str,
    snapshots: dict[str, TurnSnapshot],
    lines: LineSpan,
    before: _TimelineCursor | None,
    count: int,
) -> TimelinePage:
    """In the worker thread."""
    turns = {turn.id: turn for turn in history.read_turns(list(snapshots.values()), _no_items)}
    spans: dict[tuple[str, str], ItemSpan] = {}
    places: list[_Place] = []
    for turn_id, snapshot in snapshots.items():
        turn = snapshot.turn
        places.append(_Place(turn.ordinal, START, turn_id, turn_id))
        for span in snapshot.items():
            spans[turn_id, span.id] = span
            places.append(_Place(span.ordinal, ITEM, span.id, turn_id))
        if turns[turn_id].status != "in_progress":
            # A turn that was cut short with its process ended where it was heard of last.
            places.append(_Place(turn.ended if turn.ended >= 0 else turn.touched, END, turn_id, turn_id))
    said = {entry.position: entry.item for entry in realtime_entries(history, since=lines.start, until=lines.end)}
    places += [_Place(position, VOICE, item.id, "") for position, item in said.items()]
    if before is not None:
        places = [place for place in places if (place.position, place.kind, place.id) < _key(before)]
    places.sort()
    chosen = places[-count:]
    wanted = [spans[place.turn_id, place.id] for place in chosen if place.kind == ITEM]
    items = {item.ordinal: item for item in history.read_items(wanted)}
    entries = [
        TimelineEntry(
            position=place.position,
            kind=place.kind,
            turn=turns.get(place.turn_id),
            item=items.get(place.position) if place.kind == ITEM else None,
            voice=said[place.position] if place.kind == VOICE else None,
        )
        for place in chosen
        if place.kind != ITEM or place.position in items
    ]
    first = chosen[0] if len(places) > len(chosen) else None
    return TimelinePage(entries=entries, next_cursor=None if first is None else _encode(thread_id, first))


def _no_items(_items: Sequence[ItemSpan]) -> Sequence[ItemSpan]:
    return ()


def _key(cursor: _TimelineCursor) -> tuple[int, int, str]:
    return cursor.position, cursor.kind, cursor.id


def _encode(thread_id: str, place: _Place) -> str:
    return msgspec.json.encode(_TimelineCursor(thread_id, place.position, place.kind, place.id)).decode()


def _decode(text: str, thread_id: str) -> _TimelineCursor:
    try:
        cursor = _cursor_decoder.decode(text)
    except UNDECODABLE:
        raise InvalidTimelineCursor("invalid thread timeline cursor") from None
    if cursor.thread_id != thread_id:
        raise InvalidTimelineCursor("thread timeline cursor belongs to another thread")
    return cursor
