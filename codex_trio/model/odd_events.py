"""Events that do not have the shape that they should have, as gateways and small providers send them.

Owns: reading what can be read of them, so that no word of a model is lost for a field that nobody needs.
Does not own: events of the expected shape (`events`) or what they mean (`stream`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from codex_trio.model import events, lenient_json
from codex_trio.model.events import DirectEvent, ResponseItem, WireEnd, WireEvent
from codex_trio.model.lenient_json import UnreadableJson
from codex_trio.model.provider_error import quoted
from codex_trio.model.sse import SseEvent

_BESIDE_ANSWER = re.compile(rb'\{\s*"type"\s*:\s*"response\.metadata"')
"""The beginning of an event that is no part of the answer."""

_MAX_INDEX = 2**31 - 1

_TEXT_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})


class UnreadableEvent(ValueError):
    """An event may be part of the answer and cannot be read. The text says why."""


class OddEventReader:
    """Reads the odd events of one stream. It remembers halves of characters that were cut between two events."""

    def __init__(self) -> None:
        self._halves: dict[str, str] = {}

    def read(self, event: SseEvent) -> DirectEvent | WireEvent | None:
        """Return the event, as far as it can be understood; None for one that says nothing. Raises UnreadableEvent."""
        text = event.data.strip()
        if not text or text == b"[DONE]":
            return None
        try:
            value = lenient_json.decode(text)
        except UnreadableJson as error:
            if _BESIDE_ANSWER.match(text):
                return None
            if text.startswith(b"{") or event.name.startswith("response."):
                raise UnreadableEvent(f"an event cannot be read: {error}: {quoted(text[:200])}") from None
            return _words(text, event)
        if not isinstance(value, dict):
            return _words(text, event)
        source = cast("dict[str, Any]", value)
        kind = source.get("type")
        if not isinstance(kind, str) or not kind:
            kind = event.name
        if kind == "error" or (not kind and source.get("error")):
            return events.WireError(lenient_json.mended(source))
        if kind in _TEXT_DELTAS or kind in _DELTAS:
            return self._delta(kind, source)
        make = _KINDS.get(kind)
        if make is not None:
            return make(lenient_json.mended(source))
        return None if kind else _words(text, event)

    def _delta(self, kind: str, source: Mapping[str, Any]) -> DirectEvent | None:
        item_id = lenient_json.mended(_text(source.get("item_id")))
        half = self._halves.pop(item_id, "")
        delta = half + _text(source.get("delta"))
        if delta and "\ud800" <= delta[-1] <= "\udbff":
            self._halves[item_id] = delta[-1]
            delta = delta[:-1]
        delta = lenient_json.mended(delta)
        if not delta:
            return None
        if kind in _TEXT_DELTAS:
            return events.OutputTextDelta(delta, item_id)
        return _DELTAS[kind](delta, source, item_id)


def _words(text: bytes, event: SseEvent) -> DirectEvent | WireEvent | None:
    words = quoted(text)
    return events.WireError(words) if event.name == "error" else events.WireWords(words)


def _text(value: Any) -> str:
    """Return a field that should be text. Numbers are written out, an object may hold the text; null is none."""
    match value:
        case str():
            return value
        case {"text": str(text)}:
            return text
        case None | bool():
            return ""
        case int() | float():
            return str(value)
        case dict() | list():
            return msgspec.json.encode(lenient_json.mended(value)).decode()
        case _:
            return ""


def _index(value: Any) -> int:
    """Return a field that should be a small number; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_INDEX else 0


def _known_index(value: Any) -> int | None:
    return None if value is None else _index(value)


def _item(source: Mapping[str, Any]) -> ResponseItem:
    item = source.get("item")
    if not isinstance(item, dict):
        raise UnreadableEvent("an output item is done, but the event holds none")
    return cast("ResponseItem", item)


def _item_added(source: Mapping[str, Any]) -> DirectEvent | None:
    item = source.get("item")
    # Without an item it only says that one will come.
    return events.OutputItemAdded(cast("ResponseItem", item)) if isinstance(item, dict) else None


def _headers(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _created(source: Mapping[str, Any]) -> WireEvent:
    response = source.get("response")
    inner = cast("dict[str, Any]", response) if isinstance(response, dict) else {}
    return events.WireCreated(events.WireResponseHead(_headers(inner.get("headers"))))


def response_end(response: Any) -> WireEnd | None:
    """Return the `response` of an event that ends the stream, from its decoded value."""
    if not isinstance(response, dict):
        return None
    source = cast("dict[str, Any]", response)
    return WireEnd(
        id=source.get("id"),
        status=source.get("status"),
        usage=_raw(source.get("usage")),
        output=_raw(source.get("output")),
        end_turn=source.get("end_turn"),
        error=source.get("error"),
        status_details=source.get("status_details"),
        incomplete_details=source.get("incomplete_details"),
    )


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw() if value is None else msgspec.Raw(msgspec.json.encode(value))


def _completed(source: Mapping[str, Any]) -> WireEvent:
    return events.WireCompleted(response_end(source.get("response")))


def _failed(source: Mapping[str, Any]) -> WireEvent:
    response = source.get("response")
    if isinstance(response, str):
        return events.WireFailed(None, response)
    return events.WireFailed(response_end(response), source.get("error"), source.get("message"))


def _input_done(key: str, source: Mapping[str, Any]) -> WireEvent:
    return events.WireInputDone(kind=key, text=_text(source.get(key)), item_id=_text(source.get("item_id")))


def _text_done(key: str, source: Mapping[str, Any]) -> WireEvent:
    text, item_id = _text(source.get(key)), _text(source.get("item_id"))
    return events.WireTextDone(text, item_id, _known_index(source.get("content_index")))


def _thought_done(key: str, source: Mapping[str, Any]) -> WireEvent:
    is_summary = source.get("type") != "response.reasoning_text.done"
    index = _index(source.get("summary_index" if is_summary else "content_index"))
    return events.WireThoughtDone(_text(source.get(key)), index, _text(source.get("item_id")), is_summary)


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], DirectEvent | WireEvent | None]] = {
    "response.created": _created,
    "response.metadata": lambda source: events.WireMetadata(
        _headers(source.get("headers")), _headers(source.get("metadata"))
    ),
    "response.output_item.added": _item_added,
    "response.output_item.done": lambda source: events.OutputItemDone(_item(source)),
    "response.output_text.done": lambda source: _text_done("text", source),
    "response.refusal.done": lambda source: _text_done("refusal", source),
    "response.content_part.done": lambda source: events.WirePartDone(
        _headers(source.get("part")), _text(source.get("item_id")), _known_index(source.get("content_index"))
    ),
    "response.reasoning_text.done": lambda source: _thought_done("text", source),
    "response.reasoning_summary_text.done": lambda source: _thought_done("text", source),
    "response.reasoning_summary_part.done": lambda source: _thought_done("part", source),
    "response.function_call_arguments.done": lambda source: _input_done("arguments", source),
    "response.custom_tool_call_input.done": lambda source: _input_done("input", source),
    "response.reasoning_summary_part.added": lambda source: events.ReasoningSummaryPartAdded(
        _index(source.get("summary_index")), _text(source.get("item_id"))
    ),
    "response.completed": _completed,
    "response.done": _completed,
    "response.failed": _failed,
    "response.incomplete": lambda source: events.WireIncomplete(response_end(source.get("response"))),
}

_DELTAS: Mapping[str, Callable[[str, Mapping[str, Any], str], DirectEvent]] = {
    "response.reasoning_summary_text.delta": lambda delta, source, item_id: events.ReasoningSummaryTextDelta(
        delta, _index(source.get("summary_index")), item_id
    ),
    "response.reasoning_text.delta": lambda delta, source, item_id: events.ReasoningTextDelta(
        delta, _index(source.get("content_index")), item_id
    ),
    "response.custom_tool_call_input.delta": lambda delta, source, item_id: events.CustomToolCallInputDelta(
        delta, item_id, _text(source.get("call_id")) or None
    ),
    "response.function_call_arguments.delta": lambda delta, _source, item_id: events.FunctionCallArgumentsDelta(
        delta, item_id
    ),
}
