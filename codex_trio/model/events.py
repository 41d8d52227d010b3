"""What a streaming model response says, one struct for each kind of event.

Owns: the event structs and their decoding from one JSON text (`EventDecoder`).
Does not own: the framing of the stream (`sse`), what ends a response (`stream`) or what a failure means (`failures`).
Called by: `stream`; the engine matches on the structs.

Protocol source: the Responses API's server-sent events, as far as release 0.169.0 acts on them. An event of another
kind, or one that does not have the expected shape, is passed over in silence, as it is there.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from codex_trio.model.limits import RateLimitSnapshot
from codex_trio.util import decoding

ResponseItem: TypeAlias = dict[str, Any]


class TokenUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one response. `input_tokens` includes cached ones, `output_tokens` includes reasoning."""

    input_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int
    output_tokens: int
    reasoning_output_tokens: int
    total_tokens: int


class Created(msgspec.Struct, frozen=True, tag="response.created"):
    """The provider accepted the request. A stream without this event works as well."""


class OutputItemAdded(msgspec.Struct, frozen=True, tag="response.output_item.added"):
    """An output item begins; its content comes as deltas."""

    item: ResponseItem
    output_index: int = 0


class OutputTextDelta(msgspec.Struct, frozen=True, gc=False, tag="response.output_text.delta"):
    """More text of a message. `item_id` is empty when the provider leaves it out."""

    delta: str
    item_id: str = ""


class ReasoningSummaryPartAdded(msgspec.Struct, frozen=True, gc=False, tag="response.reasoning_summary_part.added"):
    """A further part of a reasoning summary begins; parts are counted from 0."""

    summary_index: int
    item_id: str = ""


class ReasoningSummaryTextDelta(msgspec.Struct, frozen=True, gc=False, tag="response.reasoning_summary_text.delta"):
    """More text of part `summary_index` of a reasoning summary."""

    delta: str
    summary_index: int = 0
    item_id: str = ""


class ReasoningTextDelta(msgspec.Struct, frozen=True, gc=False, tag="response.reasoning_text.delta"):
    """More of the reasoning itself, from providers that show it."""

    delta: str
    content_index: int = 0
    item_id: str = ""


class CustomToolCallInputDelta(msgspec.Struct, frozen=True, gc=False, tag="response.custom_tool_call_input.delta"):
    """More of the free text that a custom tool (apply_patch) is called with."""

    delta: str
    item_id: str = ""
    call_id: str | None = None


class OutputItemDone(msgspec.Struct, frozen=True, tag="response.output_item.done"):
    """An output item is complete. It may come without `OutputItemAdded` before it."""

    item: ResponseItem
    output_index: int = 0


class Completed(msgspec.Struct, frozen=True):
    """The response is complete; nothing follows. `end_turn` is the model's own word on whether its turn is over."""

    response_id: str
    usage: TokenUsage | None
    end_turn: bool | None


class RateLimits(msgspec.Struct, frozen=True):
    """How much of a limit is used, from the response's headers; comes first, once for each family of limits.

    The last one is the one that clients are shown (0.169.0).
    """

    limits: RateLimitSnapshot


class ServedModel(msgspec.Struct, frozen=True):
    """The model that really answers. The engine compares it with the one asked for."""

    model: str


ModelEvent: TypeAlias = (
    Created
    | OutputItemAdded
    | OutputTextDelta
    | ReasoningSummaryPartAdded
    | ReasoningSummaryTextDelta
    | ReasoningTextDelta
    | CustomToolCallInputDelta
    | OutputItemDone
    | Completed
    | RateLimits
    | ServedModel
)


# --- the wire form of events that mean more than they say ------------------------------------------------------------


class WireResponseHead(msgspec.Struct):
    """What is read of the `response` of `response.created`, and of `response.metadata`."""

    headers: dict[str, Any] | None = None


class WireCreated(msgspec.Struct, tag="response.created"):
    """`response.created`."""

    response: WireResponseHead | None = None


class WireMetadata(msgspec.Struct, tag="response.metadata"):
    """`response.metadata`: facts that come too late for the response's headers."""

    headers: dict[str, Any] | None = None


class WireEnd(msgspec.Struct):
    """The `response` of an event that ends the stream; what is in it depends on the event."""

    id: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    end_turn: bool | None = None
    error: ResponseItem | None = None
    incomplete_details: ResponseItem | None = None


class WireCompleted(msgspec.Struct, tag="response.completed"):
    """`response.completed`; without a `response` it means nothing."""

    response: WireEnd


class WireFailed(msgspec.Struct, tag="response.failed"):
    """`response.failed`."""

    response: WireEnd | None = None


class WireIncomplete(msgspec.Struct, tag="response.incomplete"):
    """`response.incomplete`."""

    response: WireEnd | None = None


class _InputTokenDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputTokenDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _WireUsage(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: _InputTokenDetails | None = None
    output_tokens_details: _OutputTokenDetails | None = None


# Kinds that nobody acts on but that come in numbers. Decoding them into an empty struct is cheaper than an error each.


class _ArgumentsDelta(msgspec.Struct, frozen=True, gc=False, tag="response.function_call_arguments.delta"):
    pass


class _ArgumentsDone(msgspec.Struct, frozen=True, gc=False, tag="response.function_call_arguments.done"):
    pass


class _ContentPartAdded(msgspec.Struct, frozen=True, gc=False, tag="response.content_part.added"):
    pass


class _ContentPartDone(msgspec.Struct, frozen=True, gc=False, tag="response.content_part.done"):
    pass


class _OutputTextDone(msgspec.Struct, frozen=True, gc=False, tag="response.output_text.done"):
    pass


class _InProgress(msgspec.Struct, frozen=True, gc=False, tag="response.in_progress"):
    pass


_Ignored: TypeAlias = (
    _ArgumentsDelta | _ArgumentsDone | _ContentPartAdded | _ContentPartDone | _OutputTextDone | _InProgress
)

_DirectEvent: TypeAlias = (
    OutputItemAdded
    | OutputTextDelta
    | ReasoningSummaryPartAdded
    | ReasoningSummaryTextDelta
    | ReasoningTextDelta
    | CustomToolCallInputDelta
    | OutputItemDone
)

WireEvent: TypeAlias = WireCreated | WireMetadata | WireCompleted | WireFailed | WireIncomplete

DIRECT_EVENTS: frozenset[type] = frozenset(_DirectEvent.__args__)
"""Kinds that are the same on the wire and for the engine."""

_IGNORED: frozenset[type] = frozenset(_Ignored.__args__)


class EventDecoder:
    """Decodes the data of single server-sent events."""

    def __init__(self) -> None:
        self._decode = decoding.json_decoder(_DirectEvent | WireEvent | _Ignored).decode

    def decode(self, data: bytes) -> _DirectEvent | WireEvent | None:
        """The event in a JSON text; None for one that is not acted on, or not understood."""
        try:
            event = self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return None if type(event) in _IGNORED else event


def token_usage(raw: msgspec.Raw) -> TokenUsage | None:
    """The token counts of a completed response, None when it has none.

    Raises msgspec.DecodeError when the provider's counts do not have the expected form.
    """
    wire = decoding.json_decoder(_WireUsage | None).decode(bytes(raw) or b"null")
    if wire is None:
        return None
    inputs = wire.input_tokens_details or _InputTokenDetails()
    outputs = wire.output_tokens_details or _OutputTokenDetails()
    return TokenUsage(
        input_tokens=wire.input_tokens,
        cached_input_tokens=inputs.cached_tokens or 0,
        cache_write_input_tokens=inputs.cache_write_tokens or 0,
        output_tokens=wire.output_tokens,
        reasoning_output_tokens=outputs.reasoning_tokens or 0,
        total_tokens=wire.total_tokens,
    )
