"""Pages of a thread's turns and items, and the histories of threads that are not loaded.

Owns page sizes, cursors and the choice of what a page holds; wire-free. Does not own how lines become turns (state) nor
how turns become wire turns (projection.py). Called by the thread processor, with the history of a loaded thread (its
recorder's) or one from `StoredHistories`.

Cursors name the thread, the kind of page, and a rollout ordinal; they are opaque to clients and stay good while a
thread grows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

import msgspec
import trio

from codex_trio.state.items import AgentMessage, UserMessage
from codex_trio.state.rollout.history import StoredItem, StoredTurn, ThreadHistory
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.state.rollout.paths import RolloutPaths
from codex_trio.state.rollout.reader import load
from codex_trio.state.store.interface import InvalidCursor

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

_Scope: TypeAlias = Literal["turns", "itemsByCreatedAtOrdinal"]
_Row = TypeVar("_Row")


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
    """An item with its turn."""

    turn: StoredTurn
    item: StoredItem


class ItemPage(msgspec.Struct, kw_only=True, frozen=True):
    """Some items, and the cursors that continue after the last and go back from the first."""

    items: Sequence[ItemRow]
    next_cursor: str | None
    backwards_cursor: str | None


class _CursorScope(msgspec.Struct, frozen=True):
    kind: str


class _Cursor(msgspec.Struct, frozen=True, rename="camel"):
    requested_thread_id: str
    rollout_ordinal: int
    include_anchor: bool
    scope: _CursorScope


_cursor_decoder = msgspec.json.Decoder(_Cursor)


def page_turns(
    history: ThreadHistory, *, thread_id: str, cursor: str | None, limit: int | None, descending: bool = True
) -> TurnPage:
    """A page of turns, newest first unless told otherwise. Raises InvalidCursor."""
    anchor = None if cursor is None else _decode_cursor(cursor, thread_id, "turns")
    rows, more = _page(
        sorted(history.turns, key=_turn_ordinal), _turn_ordinal, anchor=anchor, limit=limit, descending=descending
    )
    return TurnPage(
        turns=rows,
        next_cursor=_cursor(thread_id, rows[-1].ordinal, "turns", include_anchor=False) if more else None,
        backwards_cursor=_cursor(thread_id, rows[0].ordinal, "turns", include_anchor=True) if rows else None,
    )


def page_items(
    history: ThreadHistory,
    *,
    thread_id: str,
    turn_id: str | None = None,
    cursor: str | ItemAnchor | None,
    limit: int | None,
    descending: bool = False,
) -> ItemPage:
    """A page of items, of one turn or of all, oldest first unless told otherwise. Raises InvalidCursor."""
    rows = [ItemRow(turn, item) for turn, item in history.items() if turn_id is None or turn.id == turn_id]
    anchor: _Cursor | None = None
    if isinstance(cursor, ItemAnchor):
        anchor = _anchor_cursor(rows, cursor, thread_id)
    elif cursor is not None:
        anchor = _decode_cursor(cursor, thread_id, "itemsByCreatedAtOrdinal")
    page, more = _page(rows, _item_ordinal, anchor=anchor, limit=limit, descending=descending)
    scope: _Scope = "itemsByCreatedAtOrdinal"
    return ItemPage(
        items=page,
        next_cursor=_cursor(thread_id, _item_ordinal(page[-1]), scope, include_anchor=False) if more else None,
        backwards_cursor=_cursor(thread_id, _item_ordinal(page[0]), scope, include_anchor=True) if page else None,
    )


def latest_turn_cursor(history: ThreadHistory, thread_id: str) -> str | None:
    """Where pages of turns go back from, the latest turn being the first; None before there is one."""
    return page_turns(history, thread_id=thread_id, cursor=None, limit=1).backwards_cursor


def latest_item_cursor(history: ThreadHistory, thread_id: str) -> str | None:
    """Where pages of items go back from, the latest item being the first; None before there is one."""
    return page_items(history, thread_id=thread_id, cursor=None, limit=1, descending=True).backwards_cursor


def summary_items(turn: StoredTurn) -> list[StoredItem]:
    """What a turn's summary shows of it: what the user asked first and what the agent answered last."""
    asked = next((item for item in turn.items if isinstance(item.item, UserMessage)), None)
    answered = next((item for item in reversed(turn.items) if isinstance(item.item, AgentMessage)), None)
    return [item for item in (asked, answered) if item is not None]


def _turn_ordinal(turn: StoredTurn) -> int:
    return turn.ordinal


def _item_ordinal(row: ItemRow) -> int:
    return row.item.ordinal


def _page(
    rows: Sequence[_Row],
    ordinal: Callable[[_Row], int],
    *,
    anchor: _Cursor | None,
    limit: int | None,
    descending: bool,
) -> tuple[list[_Row], bool]:
    """The rows after the anchor, at most `limit`, and whether there are more."""
    ordered = list(reversed(rows)) if descending else list(rows)
    if anchor is not None:
        sign = -1 if descending else 1
        # How far past the anchor a row must be to count.
        least = 0 if anchor.include_anchor else 1
        ordered = [row for row in ordered if sign * (ordinal(row) - anchor.rollout_ordinal) >= least]
    count = DEFAULT_LIMIT if limit is None else min(max(limit, 1), MAX_LIMIT)
    return ordered[:count], len(ordered) > count


def _cursor(thread_id: str, ordinal: int, scope: _Scope, *, include_anchor: bool) -> str:
    cursor = _Cursor(
        requested_thread_id=thread_id,
        rollout_ordinal=ordinal,
        include_anchor=include_anchor,
        scope=_CursorScope(scope),
    )
    return msgspec.json.encode(cursor).decode()


def _decode_cursor(text: str, thread_id: str, scope: _Scope) -> _Cursor:
    try:
        cursor = _cursor_decoder.decode(text)
    except UNDECODABLE:
        raise InvalidCursor(text) from None
    if cursor.requested_thread_id != thread_id or cursor.scope.kind != scope:
        raise InvalidCursor(text)
    return cursor


def _anchor_cursor(rows: Sequence[ItemRow], anchor: ItemAnchor, thread_id: str) -> _Cursor:
    for row in rows:
        if row.turn.id == anchor.turn_id and row.item.item.id == anchor.item_id:
            scope = _CursorScope("itemsByCreatedAtOrdinal")
            return _Cursor(thread_id, _item_ordinal(row), include_anchor=False, scope=scope)
    raise InvalidCursor(anchor.item_id)


class StoredHistories:
    """Histories of threads that are not loaded, read from their files; the last few are kept until the file changes."""

    def __init__(self, paths: RolloutPaths, *, kept: int = 4) -> None:
        self._paths = paths
        self._kept = kept
        self._recent: OrderedDict[Path, tuple[tuple[int, int], ThreadHistory]] = OrderedDict()

    async def read(self, path: Path) -> ThreadHistory:
        """The history in that file. It is shared: do not change it. Raises RolloutReadError."""

        def read() -> tuple[tuple[int, int], ThreadHistory]:
            version = _version(path)
            known = self._recent.get(path)
            if known is not None and known[0] == version:
                return known
            loaded = load(path, locate_base=self._paths.locate_base, with_model_history=False)
            return version, loaded.history

        entry = await trio.to_thread.run_sync(read)
        self._recent[path] = entry
        self._recent.move_to_end(path)
        while len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return entry[1]


def _version(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
