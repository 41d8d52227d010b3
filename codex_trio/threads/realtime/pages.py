"""Pages of what a thread's rollout keeps of voice sessions.

Owns filters, orders and cursors; wire-free. Does not own reading the lines (state/history/realtime.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import trio

from codex_trio.state.history.realtime import RealtimeEntry, realtime_entries
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.threads.errors import ThreadError
from codex_trio.util import decoding

MOST = 500
Order: TypeAlias = Literal["observedAt", "position"]


class RealtimeQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which items, and which page of them. None asks for no restriction."""

    cursor: str | None = None
    limit: int | None = None
    session_id: str | None = None
    item_id: str | None = None
    order: Order = "observedAt"
    after_position: int | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    through_position: int | None = None
    """The place up to which everything has to be known."""
    snapshot_end: int | None = None
    """The place from which on nothing counts."""


class RealtimePage(msgspec.Struct, frozen=True, kw_only=True):
    """`known_to` is how many lines there are; `is_complete`: they reach as far as was asked."""

    entries: Sequence[RealtimeEntry]
    next_cursor: str | None
    snapshot_end: int
    known_to: int
    is_complete: bool


class _Cursor(msgspec.Struct, frozen=True, rename="camel"):
    """The last item of a page, and what the page was of."""

    thread_id: str
    order: Order
    observed_at_ms: int
    position: int
    snapshot_end: int


_cursor_decoder = decoding.json_decoder(_Cursor)


def check(query: RealtimeQuery, thread_id: str) -> None:
    """Raise ThreadError for a query that makes no sense."""
    if query.limit is not None and not 1 <= query.limit <= MOST:
        raise ThreadError(f"realtime page size must be between 1 and {MOST}")
    _cursor_of(query, thread_id)


async def page_realtime(history: RolloutHistory, query: RealtimeQuery, *, thread_id: str) -> RealtimePage:
    """Return a page. Raises ThreadError for a cursor that no page gave out, RolloutReadError."""
    cursor = _cursor_of(query, thread_id)
    async with history.lock:
        known_to = history.facts.next_ordinal
    entries = await trio.to_thread.run_sync(realtime_entries, history, abandon_on_cancel=True)
    end = known_to if query.snapshot_end is None else min(query.snapshot_end, known_to)
    end = end if cursor is None else cursor.snapshot_end
    found = sorted((one for one in entries if _matches(one, query, end)), key=lambda one: _place(one, query.order))
    if cursor is not None:
        after = (cursor.position,) if query.order == "position" else (cursor.observed_at_ms, cursor.position)
        found = [one for one in found if _place(one, query.order) > after]
    count = query.limit or MOST
    chosen = found[:count]
    last = chosen[-1] if len(found) > count else None
    return RealtimePage(
        entries=chosen,
        next_cursor=None if last is None else _encode(last, query.order, thread_id, end),
        snapshot_end=end,
        known_to=known_to,
        is_complete=query.through_position is None or query.through_position < known_to,
    )


def _matches(entry: RealtimeEntry, query: RealtimeQuery, end: int) -> bool:
    item = entry.item
    return (
        entry.position < end
        and (query.session_id is None or item.session_id == query.session_id)
        and (query.item_id is None or item.id == query.item_id)
        and (query.after_position is None or entry.position > query.after_position)
        and (query.from_ms is None or item.observed_at_ms >= query.from_ms)
        and (query.to_ms is None or item.observed_at_ms < query.to_ms)
    )


def _place(entry: RealtimeEntry, order: Order) -> tuple[int, ...]:
    return (entry.position,) if order == "position" else (entry.item.observed_at_ms, entry.position)


def _encode(entry: RealtimeEntry, order: Order, thread_id: str, end: int) -> str:
    return msgspec.json.encode(_Cursor(thread_id, order, entry.item.observed_at_ms, entry.position, end)).decode()


def _cursor_of(query: RealtimeQuery, thread_id: str) -> _Cursor | None:
    if query.cursor is None:
        return None
    try:
        cursor = _cursor_decoder.decode(query.cursor)
    except UNDECODABLE:
        raise ThreadError("invalid realtime cursor") from None
    if cursor.thread_id != thread_id or cursor.order != query.order:
        raise ThreadError("invalid realtime cursor")
    return cursor
