"""One streaming response: bytes in, events out, and how it ended.

Owns: what ends a response, what its headers say, and that nothing which was said is lost when it ends.
Does not own: input and output (`client`), framing (`sse`), single events (`events`, `odd_events`), what a failure means
(`failures`). Pure and synchronous.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from codex_trio.model import events as wire
from codex_trio.model import failures, lenient_json, limits, long_events
from codex_trio.model.errors import ModelError
from codex_trio.model.events import (
    DIRECT_EVENTS,
    Completed,
    Created,
    DirectEvent,
    EventDecoder,
    ModelEvent,
    OutputItemDone,
    OutputTextDelta,
    OversizedItem,
    RateLimits,
    ServedModel,
    TokensSpent,
    TurnState,
    WireEnd,
    WireEvent,
)
from codex_trio.model.lenient_json import UnreadableJson
from codex_trio.model.odd_events import OddEventReader, UnreadableEvent, response_end
from codex_trio.model.provider_error import ProviderError, quoted
from codex_trio.model.request import TURN_STATE
from codex_trio.model.sse import SseError, SseEvent, SseParser
from codex_trio.model.unfinished import UnfinishedItems
from codex_trio.model.usage import read_usage, reported_usage

MAX_TEXT = 64 * 1024 * 1024
"""A response whose deltas grow beyond this many characters is given up: memory is not without end."""

_HEAD_BYTES = 4096
_MODERATION = "openai_chatgpt_moderation_metadata"
_MAX_TURN_STATE = 16 * 1024
_OF_ITEM = re.compile(rb'"type"\s*:\s*"response\.output_item\.')

_AWS_STREAM = "application/vnd.amazon.eventstream"
_NOT_OUR_STREAM = (
    "the provider answers in AWS's own form of event streams: `base_url` has to be the address of an API that is "
    "compatible with OpenAI's, which on AWS ends in `/openai/v1`"
)
_CLOSED = "stream closed before response.completed"


class ResponseParser:
    """Parses one response. After `completed` or `error` is set, nothing more is read."""

    def __init__(self, *, max_text: int = MAX_TEXT) -> None:
        self._max_text = max_text
        self.completed = False
        """The response is whole."""
        self.error: ModelError | None = None
        """Why it is not. Events that came before it have been returned."""
        self.saw_event = False
        """Whether the last `feed` completed any event, even one of no interest; comments are none."""
        self._sse = SseParser()
        self._events = EventDecoder()
        self._odd_events = OddEventReader()
        self._unfinished = UnfinishedItems()
        self._model: str | None = None
        self._words = ""
        self._unweighed = 0
        self._left_out = 0

    def is_long(self, chunk: bytes | None) -> bool:
        """Return whether the next bytes, or the end, may take a while: they are for a thread."""
        return self._sse.pending_size + len(chunk or b"") > long_events.LARGE

    def begin(self, headers: Mapping[str, str]) -> list[ModelEvent]:
        """Return the events that a response's headers (names in lower case) amount to."""
        if headers.get("content-type", "").lower().startswith(_AWS_STREAM):
            self.error = ModelError(_NOT_OUR_STREAM)
        events: list[ModelEvent] = [RateLimits(snapshot) for snapshot in limits.from_headers(headers)]
        self._note_model(headers, events)
        _note_turn_state(headers, events)
        return events

    def feed(self, chunk: bytes) -> list[ModelEvent]:
        """Return the events that the next bytes complete, up to the one that ends the response."""
        events: list[ModelEvent] = []
        if self._has_ended:
            return events
        try:
            received = self._sse.feed(chunk)
        except SseError as error:
            self.error = failures.disconnected(str(error))
            return events
        self.saw_event = bool(received)
        try:
            self._read(received, events)
        except UnreadableEvent as error:
            self.error = failures.disconnected(str(error))
        self._unweighed += len(chunk)
        if self._unweighed > self._max_text and not self._has_ended:
            self._unweighed = 0
            if self._unfinished.size > self._max_text:
                self.error = failures.disconnected(f"an answer exceeds {self._max_text} characters")
        return events

    def end(self) -> list[ModelEvent]:
        """Note that the bytes are over: a response that is not complete by now is an error.

        Returns what the end completes.
        """
        events: list[ModelEvent] = []
        if self._has_ended:
            return events
        # An event that cannot be read was cut off with the stream.
        with contextlib.suppress(UnreadableEvent):
            self._read(self._sse.finish(), events)
        if not self._has_ended and self._sse.strays:
            self._read_document(self._sse.strays, events)
        if not self._has_ended:
            self.error = self.broken_off(_CLOSED)
        return events

    def broken_off(self, cause: str) -> ModelError:
        """Return the error of a response that ends for this cause, with what was said in place of it."""
        return failures.disconnected(f"{cause}: {self._words}" if self._words else cause)

    @property
    def _has_ended(self) -> bool:
        return self.completed or self.error is not None

    def _read(self, received: list[SseEvent], events: list[ModelEvent]) -> None:
        """Read events, up to the one that ends the response. Raises UnreadableEvent."""
        decode = self._events.decode
        note, note_text = self._unfinished.note, self._unfinished.note_text
        for each in received:
            if self._left_out or len(each.data) > long_events.LARGE:
                each = self._shortened(each)
            try:
                event = decode(each.data)
                if isinstance(event, OutputItemDone) and lenient_json.is_too_deep(event.item):
                    raise UnreadableEvent(f"an output item is {lenient_json.TOO_DEEP}")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                event = self._odd_events.read(each)
            if isinstance(event, OutputTextDelta):
                note_text(event)
                events.append(event)
                continue
            if type(event) in DIRECT_EVENTS:
                direct = cast("DirectEvent", event)
                note(direct)
                if self._left_out and isinstance(direct, OutputItemDone):
                    direct = OversizedItem(direct.item, self._left_out)
                events.append(direct)
            elif event is not None:
                self._take(cast("WireEvent", event), events)
            if self._has_ended:
                break

    def _shortened(self, event: SseEvent) -> SseEvent:
        """Return an event with no more text than is taken. Raises UnreadableEvent when it has too much else."""
        if len(event.data) <= long_events.LARGE:
            self._left_out = 0
            return event
        short = long_events.shortened(event.data)
        is_item = _OF_ITEM.search(event.data, 0, _HEAD_BYTES) is not None
        most = long_events.MOST_STRUCTURE if is_item else long_events.MOST_STRUCTURE_OF_OTHERS
        if short.structure > most:
            raise UnreadableEvent(f"an event has more values than are taken: {len(event.data)} bytes")
        self._left_out = short.left_out
        return SseEvent(short.data, event.head)

    def _take(self, event: WireEvent, events: list[ModelEvent]) -> None:
        match event:
            case wire.WireCreated():
                events.append(Created())
                if event.response is not None:
                    self._note_model(event.response.headers, events)
            case wire.WireMetadata():
                self._note_model(event.headers, events)
                _note_turn_state(event.headers or {}, events)
                _note_metadata(event.metadata or {}, events)
            case wire.WireRateLimits():
                snapshot = limits.from_event(event.rate_limits, event.credits, event.metered_limit_name)
                if snapshot is not None:
                    plan = event.plan_type if isinstance(event.plan_type, str) else None
                    events.append(RateLimits(msgspec.structs.replace(snapshot, plan_type=plan)))
            case wire.WireTextDone():
                self._unfinished.whole_text(event)
            case wire.WirePartDone():
                self._unfinished.whole_part(event)
            case wire.WireThoughtDone():
                self._unfinished.whole_thought(event)
            case wire.WireInputDone():
                self._unfinished.whole_input(event)
            case wire.WireWords():
                self._words = event.text
            case wire.WireError():
                self.error = failures.from_failed(event.value)
            case wire.WireCompleted():
                self._complete(event.response or WireEnd(), events)
            case wire.WireFailed():
                response = event.response or WireEnd()
                error = response.error or response.status_details or event.error or event.message
                self._fail(response, error, events)
            case _:
                self._cut(event.response or WireEnd(), events)

    def _complete(self, response: WireEnd, events: list[ModelEvent]) -> None:
        """End the response as its status says, which is not always what the event's name says."""
        if response.error or response.status in ("failed", "cancelled"):
            self._fail(response, response.error or response.status_details or f"status {response.status}", events)
            return
        if response.status == "incomplete":
            self._cut(response, events)
            return
        self._add_rest(response, events, calls=True)
        self.completed = True
        response_id = response.id if isinstance(response.id, str) else ""
        end_turn = response.end_turn if isinstance(response.end_turn, bool) else None
        reported = reported_usage(response.usage)
        events.append(
            Completed(response_id=response_id, usage=read_usage(reported), end_turn=end_turn, reported=reported)
        )

    def _cut(self, response: WireEnd, events: list[ModelEvent]) -> None:
        self._add_rest(response, events, calls=False)
        self._add_spent(response, events)
        self.error = failures.from_incomplete(response.incomplete_details)

    def _fail(self, response: WireEnd, error: Any, events: list[ModelEvent]) -> None:
        self._add_spent(response, events)
        self.error = failures.from_failed(lenient_json.mended(error))

    def _add_rest(self, response: WireEnd, events: list[ModelEvent], *, calls: bool) -> None:
        """Add the items that were said but did not come as whole ones."""
        raw = bytes(response.output)
        if len(raw) > long_events.LARGE and long_events.shortened(raw).structure > long_events.MOST_STRUCTURE:
            raw = b""
        try:
            output = lenient_json.mended(lenient_json.decode(raw or b"null"))
        except UnreadableJson:
            output = None
        listed = cast("list[Any]", output) if isinstance(output, list) else []
        for item in self._unfinished.rest(listed, calls=calls):
            item, left_out = long_events.shortened_item(item)
            left_out += self._left_out
            events.append(OversizedItem(item, left_out) if left_out else OutputItemDone(item))

    def _add_spent(self, response: WireEnd, events: list[ModelEvent]) -> None:
        usage = read_usage(reported_usage(response.usage))
        if usage is not None:
            events.append(TokensSpent(usage))

    def _read_document(self, body: bytes, events: list[ModelEvent]) -> None:
        """Read what was sent in place of an event stream: a whole response, an error, or a page."""
        try:
            event = self._shortened(SseEvent(body))
            value = lenient_json.mended(lenient_json.decode(event.data))
        except (UnreadableJson, UnreadableEvent):
            value = None
        if isinstance(value, dict):
            source = cast("dict[str, Any]", value)
            response = response_end(source) if isinstance(source.get("output"), list) else None
            if response is not None:
                self._complete(response, events)
            elif ProviderError.read(source).message is not None:
                self.error = failures.from_failed(source)
        self._words = self._words or quoted(body)

    def _note_model(self, headers: Mapping[str, Any] | None, events: list[ModelEvent]) -> None:
        model = headers.get("openai-model") if headers else None
        if isinstance(model, str) and model and model != self._model:
            self._model = model
            events.append(ServedModel(model))


def _note_turn_state(headers: Mapping[str, Any], events: list[ModelEvent]) -> None:
    """Note what is to be told again, where it can be: a header holds printable ASCII, and not any number of it."""
    # Headers in an event keep the case that they were written in.
    value = next((value for name, value in headers.items() if name.lower() == TURN_STATE), None)
    if isinstance(value, str) and len(value) <= _MAX_TURN_STATE and value.isascii() and value.isprintable():
        events.append(TurnState(value))


def _note_metadata(metadata: Mapping[str, Any], events: list[ModelEvent]) -> None:
    checks = metadata.get("openai_verification_recommendation")
    if isinstance(checks, list):
        words = dict.fromkeys(word for word in cast("list[Any]", checks) if isinstance(word, str))
        if words:
            events.append(wire.ProviderChecks(tuple(words)))
    if _MODERATION in metadata and not lenient_json.is_too_deep(metadata[_MODERATION]):
        events.append(wire.ProviderModeration(metadata[_MODERATION]))
