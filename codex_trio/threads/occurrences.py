"""Where in a thread's messages some words are.

Owns matching, snippets, pages and cursors; wire-free. What is looked through are the messages of the user and of the
agent, letter case aside; commands and their outputs are not. Does not own finding threads by their words (the thread
store).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
import trio

from codex_trio.domain.items import AgentMessage, TurnItem, UnreadCommandExecution, UserMessage
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import ItemSpan, TurnSnapshot
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.threads.history_pages import InvalidCursor, turn_cursor
from codex_trio.util import decoding
from codex_trio.util.paging import page_size

DEFAULT_PAGE = 50

BEFORE_CHARACTERS = 48
AFTER_CHARACTERS = 96
_CUT_BEFORE = "... "
_CUT_AFTER = " ..."

_SLICE_TURNS = 100


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """A place with the words. `start` and `end` cut them out of the snippet, in UTF-16 code units."""

    turn_id: str
    item_id: str
    snippet: str
    start: int
    end: int
    turn_cursor: str
    """A cursor for pages of turns that begin with this one."""


class OccurrencePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some places, in the thread's order; `next_cursor` continues after them."""

    occurrences: Sequence[Occurrence]
    next_cursor: str | None


class _OccurrenceCursor(msgspec.Struct, frozen=True, rename="camel"):
    """The next place: which match in the item of which line of which turn."""

    thread_id: str
    search_term: str
    turn_ordinal: int
    item_ordinal: int
    index: int

    @property
    def place(self) -> tuple[int, int, int]:
        """What places compare by."""
        return self.turn_ordinal, self.item_ordinal, self.index


class _Found(msgspec.Struct, frozen=True):
    place: tuple[int, int, int]
    occurrence: Occurrence


_cursor_decoder = decoding.json_decoder(_OccurrenceCursor)


async def page_occurrences(
    history: RolloutHistory, *, thread_id: str, term: str, cursor: str | None, limit: int | None
) -> OccurrencePage:
    """Return a page of places with the words. Raises InvalidCursor, RolloutReadError."""
    start = None if cursor is None else _decode(cursor, thread_id, term)
    count = page_size(limit, default=DEFAULT_PAGE)
    pattern = await trio.to_thread.run_sync(re.compile, re.escape(term), re.IGNORECASE)
    found: list[_Found] = []
    after = -1 if start is None else start.turn_ordinal - 1
    while len(found) <= count:
        async with history.lock:
            first = history.index.position_at(after + 1)
            turns = history.index.turns[first : first + _SLICE_TURNS]
            if not turns:
                break
            after = turns[-1].ordinal
            snapshots = [history.index.snapshot(turn) for turn in turns]
        search = partial(_search, history, thread_id, snapshots, pattern, start, count + 1 - len(found))
        found += await trio.to_thread.run_sync(search)
    more = found[count] if len(found) > count else None
    return OccurrencePage(
        occurrences=[place.occurrence for place in found[:count]],
        next_cursor=None if more is None else _encode(thread_id, term, more),
    )


def _search(
    history: RolloutHistory,
    thread_id: str,
    turns: Sequence[TurnSnapshot],
    pattern: re.Pattern[str],
    start: _OccurrenceCursor | None,
    count: int,
) -> list[_Found]:
    """Return the first so many places in those turns. In the worker thread."""
    first = (0, 0, 0) if start is None else start.place
    found: list[_Found] = []
    for snapshot in turns:
        [turn] = history.read_turns([snapshot], _messages)
        for stored in turn.items:
            text = _text(stored.item)
            for index, match in enumerate(pattern.finditer(text)):
                place = (turn.ordinal, stored.ordinal, index)
                if place < first:
                    continue
                cut = _cut(text, match.start(), match.end())
                occurrence = Occurrence(
                    turn_id=turn.id,
                    item_id=stored.item.id,
                    turn_cursor=turn_cursor(thread_id, turn.ordinal),
                    snippet=cut.text,
                    start=cut.start,
                    end=cut.end,
                )
                found.append(_Found(place, occurrence))
                if len(found) == count:
                    return found
    return found


def _messages(items: Sequence[ItemSpan]) -> Sequence[ItemSpan]:
    return [item for item in items if item.kind in ("user", "agent")]


def _text(item: TurnItem | UnreadCommandExecution) -> str:
    if isinstance(item, AgentMessage):
        return item.text
    if isinstance(item, UserMessage):
        return "\n".join(_texts(item))
    return ""


def _texts(item: UserMessage) -> Iterator[str]:
    for part in item.content:
        text = part.get("text")
        if part.get("type") == "text" and isinstance(text, str):
            yield text


class _Snippet(NamedTuple):
    text: str
    start: int
    end: int


def _cut(text: str, start: int, end: int) -> _Snippet:
    """Return the words with what is around them, and where they are in that."""
    first, last = max(start - BEFORE_CHARACTERS, 0), min(end + AFTER_CHARACTERS, len(text))
    lead = (_CUT_BEFORE if first > 0 else "") + text[first:start]
    snippet = lead + text[start:last] + (_CUT_AFTER if last < len(text) else "")
    place = _utf16_length(lead)
    return _Snippet(snippet, place, place + _utf16_length(text[start:end]))


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _encode(thread_id: str, term: str, place: _Found) -> str:
    return msgspec.json.encode(_OccurrenceCursor(thread_id, term, *place.place)).decode()


def _decode(text: str, thread_id: str, term: str) -> _OccurrenceCursor:
    try:
        cursor = _cursor_decoder.decode(text)
    except UNDECODABLE:
        raise InvalidCursor(text) from None
    if cursor.thread_id != thread_id or cursor.search_term != term:
        raise InvalidCursor(text)
    return cursor
