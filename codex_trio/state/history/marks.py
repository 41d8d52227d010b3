"""What the index of a thread needs of a line, found with as little decoding as that takes.

Owns telling lines apart by their first bytes. Does not own whole lines (lines.py) nor what the index makes of them
(spans.py). Called while a rollout is scanned; bodies of model items, outputs and images are passed over unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from codex_trio.domain import items
from codex_trio.state.rollout.lines import UNDECODABLE, Payload, decode_line
from codex_trio.util import decoding

ItemKind: TypeAlias = Literal["user", "agent", "reasoning", "other"]

_KINDS: dict[str, ItemKind] = {"UserMessage": "user", "AgentMessage": "agent", "Reasoning": "reasoning"}


class ItemMark(msgspec.Struct, frozen=True):
    """An `item_completed` line of which only this is known."""

    turn_id: str
    item_id: str
    kind: ItemKind


class CompactionMark(msgspec.Struct, frozen=True):
    """A `compacted` line, and whether it holds all that the model knows from there on."""

    replaces_history: bool


class Passed(msgspec.Struct, frozen=True):
    """A line that has its place but tells nothing here; that it is well-formed was not checked."""


Mark: TypeAlias = ItemMark | CompactionMark | Passed

PASSED = Passed()

# Types and events that tell nothing of turns; in older files response items do, and are decoded.
_PASSED_TYPES = frozenset({b"response_item", b"world_state", b"token_usage_record"})
_HEAD = re.compile(
    rb'\{"timestamp":"[^"\\]*","ordinal":(\d{1,18}),"type":"([a-z_]+)","payload":(?:\{"type":"([a-z_]+)")?'
)
_NO_MODEL_LINE = re.compile(
    rb'\{"timestamp":"[^"\\]*"(?:,"ordinal":\d+)?,"type":(?:'
    rb'"event_msg","payload":\{"type":"(?!thread_rolled_back")|"(?:turn_context|world_state|token_usage_record)")'
)
_NULL = msgspec.Raw(b"null")


class _MarkedItem(msgspec.Struct):
    type: str = ""
    id: str = ""


class _MarkedEvent(msgspec.Struct):
    turn_id: str
    item: _MarkedItem


class _MarkedItemLine(msgspec.Struct):
    payload: _MarkedEvent


class _MarkedCompaction(msgspec.Struct):
    message: str
    replacement_history: msgspec.Raw = _NULL


class _MarkedCompactionLine(msgspec.Struct):
    payload: _MarkedCompaction


_item_decoder = decoding.json_decoder(_MarkedItemLine)
_compaction_decoder = decoding.json_decoder(_MarkedCompactionLine)


class Read(msgspec.Struct, frozen=True, gc=False):
    """What a line says, as far as it was read, and its ordinal (None in older files)."""

    payload: Payload | Mark
    ordinal: int | None


def kind_of(item: items.TurnItem) -> ItemKind:
    """Return the kind of an item."""
    return _KINDS.get(type(item).__name__, "other")


def read_mark(head: bytes, begin: int, end: int, whole: Callable[[], bytes]) -> Read | None:
    """Return what a line of a file with full items says; None when it is no rollout line.

    `head[begin:end]` is the line or the first part of it, `whole` gives all of it.
    """
    found = _HEAD.match(head, begin, end)
    if found is None:
        return read_line(whole())
    line_type = found[2]
    if line_type in _PASSED_TYPES:
        return Read(PASSED, int(found[1]))
    raw = whole()
    try:
        if line_type == b"event_msg" and found[3] == b"item_completed":
            event = _item_decoder.decode(raw).payload
            kind = _KINDS.get(event.item.type, "other")
            return Read(ItemMark(event.turn_id, event.item.id, kind), int(found[1]))
        if line_type == b"compacted":
            compaction = _compaction_decoder.decode(raw).payload
            return Read(CompactionMark(compaction.replacement_history != _NULL), int(found[1]))
    except UNDECODABLE:
        pass  # Malformed, or not as today's files have it: the whole line tells.
    return read_line(raw)


def read_line(raw: bytes) -> Read | None:
    """Return what a line says in full; None when it is no rollout line."""
    line = decode_line(raw)
    return None if line is None else Read(line.payload, line.ordinal)


def tells_model_history(head: bytes, begin: int, end: int) -> bool:
    """Return whether the line that begins so may change what the model knows."""
    return _NO_MODEL_LINE.match(head, begin, end) is None
