"""Rollout lines: typed payloads, and the codec between a line's bytes and its payload.

Owns the line envelope `{timestamp, ordinal, type, payload}` and the payloads that are not events. Sans-io: bytes in,
values out, and back. Does not own files (reader.py, recorder.py) nor what lines add up to (state/history).

Decoding never raises for what a file may hold: a line that is no JSON object, or lacks what its type needs, gives None
(readers count those); a type, event or item of an unknown kind is kept verbatim.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any, TypeAlias

import msgspec

from codex_trio.domain.ids import is_uuid
from codex_trio.domain.items import UnreadCommandExecution, UnreadItem, item_from_builtins
from codex_trio.state.rollout.events import (
    DecodableEvent,
    Event,
    ItemCompletedLine,
    KnownItemCompleted,
    OtherEvent,
    TokenUsage,
)
from codex_trio.util import decoding

# What decoding raises for bytes that are not the JSON asked for: no JSON, another shape, no UTF-8, nested too deep.
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# --- payloads --------------------------------------------------------------------------------------------------------


class HistoryBase(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where a fork's earlier lines are: those of `thread_id` before that ordinal, which is at that byte offset."""

    thread_id: str
    end_ordinal_exclusive: int
    end_byte_offset: int | None = None


class GitInfo(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The repository state at the start of the thread."""

    commit_hash: str | None = None
    branch: str | None = None
    repository_url: str | None = None


class SessionMeta(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a thread is. The first one in a file is the file's own; a later one with the same id updates it.

    `timestamp` is when the thread was created (RFC 3339, milliseconds, UTC). `history_mode` is `paginated` for files
    that hold `item_completed` events, absent for older ones. `source` is `vscode`, `cli`, `exec`, ... or an object for
    sub-agents. `memory_mode` is `enabled`, `disabled` or absent.
    """

    # Fields with a factory are written even when empty: other releases insist on them.

    session_id: str | None = None
    id: str
    parent_thread_id: str | None = None
    forked_from_id: str | None = None
    forked_from_ordinal_exclusive: int | None = None
    timestamp: str = msgspec.field(default_factory=str)
    cwd: str = msgspec.field(default_factory=str)
    runtime_workspace_roots: list[str] | None = None
    originator: str = msgspec.field(default_factory=str)
    cli_version: str = msgspec.field(default_factory=str)
    source: Any = None
    thread_source: Any = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    agent_path: str | None = None
    model_provider: str | None = None
    base_instructions: dict[str, Any] | None = None
    dynamic_tools: list[dict[str, Any]] | None = None
    memory_mode: str | None = None
    history_mode: str | None = None
    history_base: HistoryBase | None = None
    multi_agent_version: str | None = None
    git: GitInfo | None = None
    context_window: dict[str, Any] | None = None
    daybreak_enabled: bool | None = None
    """A choice that a client keeps with the thread. This project's own key."""

    @property
    def is_paginated(self) -> bool:
        """Whether the file holds full items, with ordinals, rather than the events of older releases."""
        return self.history_mode == "paginated"


class TurnContext(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The settings that a turn ran with. Policies are kept in the file's own snake_case form."""

    turn_id: str | None = None
    root_turn_id: str | None = None
    cwd: str
    current_date: str | None = None
    timezone: str | None = None
    approval_policy: Any = None
    approvals_reviewer: str | None = None
    sandbox_policy: Any = None
    permission_profile: Any = None
    model: str | None = None
    effort: str | None = None
    summary: str | None = None
    personality: str | None = None
    collaboration_mode: dict[str, Any] | None = None
    truncation_policy: dict[str, Any] | None = None


class Compacted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The model history was replaced; without `replacement_history` (old files) by user messages plus `message`."""

    message: str
    replacement_history: list[dict[str, Any]] | None = None
    window_number: int | None = None
    """How many times the history had been replaced by a summary, this time included (0.169.0)."""


class ResponseItem(msgspec.Struct, kw_only=True, frozen=True):
    """One item of the model history, as JSON text: most readers never look inside."""

    raw: msgspec.Raw

    @classmethod
    def of(cls, item: dict[str, Any]) -> ResponseItem:
        """Return the payload for an item of the model history."""
        return cls(raw=msgspec.Raw(msgspec.json.encode(item)))

    def item(self) -> dict[str, Any]:
        """Return the item, decoded."""
        decoded: dict[str, Any] = msgspec.json.decode(self.raw, type=dict[str, Any])
        return decoded


class OtherPayload(msgspec.Struct, kw_only=True, frozen=True):
    """A payload of a line type that this version keeps but does not interpret."""

    type: str
    raw: msgspec.Raw

    @classmethod
    def of(cls, line_type: str, payload: Any) -> OtherPayload:
        """Return the payload of a line of that type."""
        return cls(type=line_type, raw=msgspec.Raw(msgspec.json.encode(payload)))


def token_usage_record(
    *,
    thread_id: str,
    turn_id: str,
    root_turn_id: str,
    response_id: str,
    usage: TokenUsage,
    turn_token_usage: TokenUsage,
    thread_token_usage: TokenUsage,
) -> OtherPayload:
    """Return the line on the tokens of one response, which other programs sum up (0.171.0).

    Nothing here reads it back.
    """
    return OtherPayload.of(
        "token_usage_record",
        {
            "thread_id": thread_id,
            "turn_id": turn_id,
            "session_id": thread_id,
            "root_turn_id": root_turn_id,
            "response_id": response_id,
            "usage": usage,
            "turn_token_usage": turn_token_usage,
            "thread_token_usage": thread_token_usage,
        },
    )


Payload: TypeAlias = Event | SessionMeta | TurnContext | Compacted | ResponseItem | OtherPayload


class StoredLine(msgspec.Struct, frozen=True):
    """One line: what it says, when it was written (RFC 3339), and its place (None in older files)."""

    payload: Payload
    timestamp: str
    ordinal: int | None


# --- encoding --------------------------------------------------------------------------------------------------------


class _Envelope(msgspec.Struct, kw_only=True, omit_defaults=True):
    timestamp: str
    ordinal: int | None = None
    type: str
    payload: Any


_encoder = msgspec.json.Encoder()


def encode_line(line: StoredLine) -> bytes:
    """Return the line's bytes, newline included; JSON text never holds a newline of its own."""
    payload = line.payload
    if isinstance(payload, ResponseItem):
        line_type, body = "response_item", payload.raw
    elif isinstance(payload, OtherPayload):
        line_type, body = payload.type, payload.raw
    elif isinstance(payload, SessionMeta):
        line_type, body = "session_meta", payload
    elif isinstance(payload, TurnContext):
        line_type, body = "turn_context", payload
    elif isinstance(payload, Compacted):
        line_type, body = "compacted", payload
    else:
        line_type, body = "event_msg", _event_body(payload)
    envelope = _Envelope(timestamp=line.timestamp, ordinal=line.ordinal, type=line_type, payload=body)
    return _encoder.encode_lines((envelope,))


def _event_body(event: Event) -> Any:
    if isinstance(event, OtherEvent):
        return event.raw
    if isinstance(event, ItemCompletedLine):
        raw = getattr(event.item, "raw", None)
        if raw is not None:
            return {
                "type": "item_completed",
                "thread_id": event.thread_id,
                "turn_id": event.turn_id,
                "item": raw,
                "started_at_ms": event.started_at_ms,
                "completed_at_ms": event.completed_at_ms,
            }
    return event


def format_timestamp(unix_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds, as lines and session metadata carry it."""
    seconds, milliseconds = divmod(unix_ms, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{milliseconds:03d}Z"


# --- decoding --------------------------------------------------------------------------------------------------------


class _EventLine(msgspec.Struct, tag_field="type", tag="event_msg"):
    payload: DecodableEvent
    timestamp: str = ""
    ordinal: int | None = None


class _ResponseItemLine(msgspec.Struct, tag_field="type", tag="response_item"):
    payload: msgspec.Raw
    timestamp: str = ""
    ordinal: int | None = None


class _SessionMetaLine(msgspec.Struct, tag_field="type", tag="session_meta"):
    payload: SessionMeta
    timestamp: str = ""
    ordinal: int | None = None


class _TurnContextLine(msgspec.Struct, tag_field="type", tag="turn_context"):
    payload: TurnContext
    timestamp: str = ""
    ordinal: int | None = None


class _CompactedLine(msgspec.Struct, tag_field="type", tag="compacted"):
    payload: Compacted
    timestamp: str = ""
    ordinal: int | None = None


class _WorldStateLine(msgspec.Struct, tag_field="type", tag="world_state"):
    payload: msgspec.Raw
    timestamp: str = ""
    ordinal: int | None = None


class _TokenUsageRecordLine(msgspec.Struct, tag_field="type", tag="token_usage_record"):
    payload: msgspec.Raw
    timestamp: str = ""
    ordinal: int | None = None


class _AnyLine(msgspec.Struct):
    type: str
    payload: msgspec.Raw
    timestamp: str = ""
    ordinal: int | None = None


_KnownLine: TypeAlias = (
    _EventLine
    | _ResponseItemLine
    | _SessionMetaLine
    | _TurnContextLine
    | _CompactedLine
    | _WorldStateLine
    | _TokenUsageRecordLine
)


# Made on first use: building a decoder for so many types takes milliseconds that a starting server has not.
@cache
def _decoder() -> msgspec.json.Decoder[_KnownLine]:
    return decoding.json_decoder(_KnownLine)


@cache
def _any_decoder() -> msgspec.json.Decoder[_AnyLine]:
    return decoding.json_decoder(_AnyLine)


# Types whose payload must decode for the line to mean anything.
_STRICT_TYPES = frozenset({"session_meta", "turn_context", "compacted", "response_item"})


def decode_line(raw: bytes | memoryview) -> StoredLine | None:
    """Return the line that these bytes (with or without the newline) hold; None when they are no rollout line."""
    try:
        line = _decoder().decode(raw)
    except UNDECODABLE:
        return _decode_unusual(raw)
    if isinstance(line, _SessionMetaLine) and not is_uuid(line.payload.id):
        # Ids become names of files and locks.
        return None
    return StoredLine(_payload_of(line), line.timestamp, line.ordinal)


class UnreadItemCompleted(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="item_completed"):
    """An item that is complete, as far as it must be read to be passed on."""

    item: UnreadItem
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class _ItemLine(msgspec.Struct):
    payload: UnreadItemCompleted


@cache
def _item_decoder() -> msgspec.json.Decoder[_ItemLine]:
    return decoding.json_decoder(_ItemLine)


def decode_item_line(raw: bytes | memoryview) -> UnreadItemCompleted | None:
    """Return the event of a line that is known to hold an `item_completed`; None when it is not that, or unusual."""
    try:
        event = _item_decoder().decode(raw).payload
        if isinstance(event.item, UnreadCommandExecution):
            # All that the decoder does not check of what it leaves as it is.
            output = bytes(event.item.aggregated_output)
            if not output.isascii():
                output.decode()
            if not output.startswith((b'"', b"null")):
                return None
    except UNDECODABLE:
        return None
    return event


def _payload_of(line: _KnownLine) -> Payload:
    if isinstance(line, _ResponseItemLine):
        return ResponseItem(raw=line.payload)
    if isinstance(line, _EventLine):
        event = line.payload
        if not isinstance(event, KnownItemCompleted):
            return event
        return ItemCompletedLine(
            thread_id=event.thread_id,
            turn_id=event.turn_id,
            item=event.item,
            started_at_ms=event.started_at_ms,
            completed_at_ms=event.completed_at_ms,
        )
    if isinstance(line, _WorldStateLine):
        return OtherPayload(type="world_state", raw=line.payload)
    if isinstance(line, _TokenUsageRecordLine):
        return OtherPayload(type="token_usage_record", raw=line.payload)
    return line.payload


def _decode_unusual(raw: bytes | memoryview) -> StoredLine | None:
    """Return a line that the typed decoder refused: of an unknown kind, malformed, or torn."""
    try:
        line = _any_decoder().decode(raw)
    except UNDECODABLE:
        return None
    if line.type in _STRICT_TYPES:
        return None
    if line.type != "event_msg":
        return StoredLine(OtherPayload(type=line.type, raw=line.payload), line.timestamp, line.ordinal)
    event = _decode_unusual_event(line.payload)
    return None if event is None else StoredLine(event, line.timestamp, line.ordinal)


def _decode_unusual_event(raw: msgspec.Raw) -> Event | None:
    try:
        body = msgspec.json.decode(raw, type=dict[str, Any])
    except UNDECODABLE:
        return None
    item = body.get("item")
    if body.get("type") != "item_completed":
        return OtherEvent(raw=body)
    turn_id = body.get("turn_id")
    if not isinstance(item, dict) or not isinstance(turn_id, str):
        return None
    return ItemCompletedLine(
        thread_id=str(body.get("thread_id", "")),
        turn_id=turn_id,
        item=item_from_builtins(item),  # pyright: ignore[reportUnknownArgumentType]  # JSON objects have string keys
        started_at_ms=_optional_int(body.get("started_at_ms")),
        completed_at_ms=_optional_int(body.get("completed_at_ms")),
    )


def _optional_int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
