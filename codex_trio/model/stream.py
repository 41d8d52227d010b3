"""One streaming response: bytes in, events out, and how it ended.

Owns: what ends a response, and what its headers say.
Does not own: input and output (`client`), framing (`sse`), single events (`events`), what a failure means (`failures`).
Called by: `client`. Pure and synchronous.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from codex_trio.model import failures, limits
from codex_trio.model.errors import ModelError
from codex_trio.model.events import (
    DIRECT_EVENTS,
    Completed,
    Created,
    EventDecoder,
    ModelEvent,
    RateLimits,
    ServedModel,
    WireCompleted,
    WireCreated,
    WireEnd,
    WireEvent,
    WireFailed,
    WireMetadata,
    token_usage,
)
from codex_trio.model.sse import SseError, SseParser


class ResponseReader:
    """Reads one response. After `completed` or `error` is set, nothing more is read."""

    def __init__(self) -> None:
        self.completed = False
        """The response is whole."""
        self.error: ModelError | None = None
        """Why it is not. Events that came before it have been returned."""
        self.saw_event = False
        """Whether the last `feed` completed any event, even one of no interest; comments are none."""
        self._sse = SseParser()
        self._events = EventDecoder()
        self._model: str | None = None

    def begin(self, headers: Mapping[str, str]) -> list[ModelEvent]:
        """The events that a response's headers (names in lower case) amount to."""
        events: list[ModelEvent] = [RateLimits(snapshot) for snapshot in limits.from_headers(headers)]
        self._note_model(headers, events)
        return events

    def feed(self, chunk: bytes) -> list[ModelEvent]:
        """The events that the next bytes complete, up to the one that ends the response."""
        events: list[ModelEvent] = []
        if self.completed or self.error is not None:
            return events
        try:
            texts = self._sse.feed(chunk)
        except SseError as error:
            self.error = failures.disconnected(str(error))
            return events
        self.saw_event = bool(texts)
        decode = self._events.decode
        for text in texts:
            event = decode(text)
            if type(event) in DIRECT_EVENTS:
                events.append(event)  # pyright: ignore[reportArgumentType]  # DIRECT_EVENTS holds events only
            elif event is not None:
                self._take(event, events)  # pyright: ignore[reportArgumentType]  # what is not direct is WireEvent
                if self.completed or self.error is not None:
                    break
        return events

    def end(self) -> None:
        """The bytes are over; a response that is not complete by now is an error."""
        if not self.completed and self.error is None:
            self.error = failures.disconnected("stream closed before response.completed")

    def _take(self, event: WireEvent, events: list[ModelEvent]) -> None:
        match event:
            case WireCreated():
                events.append(Created())
                if event.response is not None:
                    self._note_model(event.response.headers, events)
            case WireMetadata():
                self._note_model(event.headers, events)
            case WireCompleted():
                self._complete(event.response, events)
            case WireFailed():
                self.error = failures.from_failed(event.response.error if event.response else None)
            case _:
                self.error = failures.from_incomplete(event.response.incomplete_details if event.response else None)

    def _complete(self, response: WireEnd, events: list[ModelEvent]) -> None:
        if response.id is None:
            self.error = failures.disconnected("failed to parse ResponseCompleted: missing field `id`")
            return
        try:
            usage = token_usage(response.usage)
        except msgspec.DecodeError as error:
            self.error = failures.disconnected(f"failed to parse ResponseCompleted: {error}")
            return
        self.completed = True
        events.append(Completed(response_id=response.id, usage=usage, end_turn=response.end_turn))

    def _note_model(self, headers: Mapping[str, Any] | None, events: list[ModelEvent]) -> None:
        model = headers.get("openai-model") if headers else None
        if isinstance(model, str) and model and model != self._model:
            self._model = model
            events.append(ServedModel(model))
