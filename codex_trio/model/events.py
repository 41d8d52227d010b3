"""What a streaming model response says, one struct for each kind of event.

Owns: the event structs, and decoding those that have the expected shape (`EventDecoder`).
Does not own: events of another shape (`odd_events`), the framing of the stream (`sse`), what ends a response (`stream`)
or what a failure means (`failures`). The engine matches on the structs.

Protocol source: the Responses API's server-sent events, as far as release 0.169.0 acts on them. Events of other kinds
are passed over.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from codex_trio.model.limits import RateLimitSnapshot
from codex_trio.model.usage import ResponseUsage
from codex_trio.util import decoding

ResponseItem: TypeAlias = dict[str, Any]


class Created(msgspec.Struct, frozen=True, tag="response.created"):
    """The provider accepted the request. A stream without this event works as well."""


class OutputItemAdded(msgspec.Struct, frozen=True, tag="response.output_item.added"):
    """An output item begins; its content comes as deltas."""

    item: ResponseItem


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


class OversizedItem(OutputItemDone, frozen=True):
    """The same of an item that said more than is taken: so many bytes of it were left out."""

    left_out: int = 0


class FunctionCallArgumentsDelta(msgspec.Struct, frozen=True, gc=False, tag="response.function_call_arguments.delta"):
    """More of the arguments that a function tool is called with."""

    delta: str
    item_id: str = ""


class TokensSpent(msgspec.Struct, frozen=True):
    """What a response used that did not become complete."""

    usage: ResponseUsage


class Completed(msgspec.Struct, frozen=True):
    """The response is complete; nothing follows. `end_turn` is the model's own word on whether its turn is over.

    `reported` is the usage as the provider wrote it.
    """

    response_id: str
    usage: ResponseUsage | None
    end_turn: bool | None
    reported: dict[str, Any] | None = None


class RateLimits(msgspec.Struct, frozen=True):
    """How much of a limit is used, from the response's headers; comes first, once for each family of limits.

    The last one is the one that clients are shown (0.169.0).
    """

    limits: RateLimitSnapshot


class ServedModel(msgspec.Struct, frozen=True):
    """The model that really answers. The engine compares it with the one asked for."""

    model: str


class ProviderChecks(msgspec.Struct, frozen=True):
    """The provider asks the user to pass these checks, named by its own words."""

    checks: tuple[str, ...]


class ProviderModeration(msgspec.Struct, frozen=True):
    """What the provider's moderation says about the turn."""

    metadata: Any


class TurnState(msgspec.Struct, frozen=True):
    """What the provider wants to be told again with the later requests of the same turn."""

    value: str


class FellBack(msgspec.Struct, frozen=True):
    """The thread's requests go without a websocket from now on, for that reason."""

    reason: str


ModelEvent: TypeAlias = (
    Created
    | OutputItemAdded
    | OutputTextDelta
    | ReasoningSummaryPartAdded
    | ReasoningSummaryTextDelta
    | ReasoningTextDelta
    | CustomToolCallInputDelta
    | FunctionCallArgumentsDelta
    | OutputItemDone
    | OversizedItem
    | TokensSpent
    | Completed
    | RateLimits
    | ServedModel
    | ProviderChecks
    | ProviderModeration
    | TurnState
    | FellBack
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
    metadata: dict[str, Any] | None = None


class WireRateLimits(msgspec.Struct, tag="codex.rate_limits"):
    """`codex.rate_limits`: what some providers say of limits in the middle of a response."""

    plan_type: Any = None
    rate_limits: Any = None
    credits: Any = None
    metered_limit_name: Any = None


class WireEnd(msgspec.Struct):
    """The `response` of an event that ends the stream; what is in it depends on the event and on the provider."""

    id: Any = None
    status: Any = None
    usage: msgspec.Raw = msgspec.Raw()
    output: msgspec.Raw = msgspec.Raw()
    end_turn: Any = None
    error: Any = None
    status_details: Any = None
    incomplete_details: Any = None


class WireCompleted(msgspec.Struct, tag="response.completed"):
    """`response.completed`."""

    response: WireEnd | None = None


class WireFailed(msgspec.Struct, tag="response.failed"):
    """`response.failed`; some providers put the error beside the response."""

    response: WireEnd | None = None
    error: Any = None
    message: Any = None


class WireIncomplete(msgspec.Struct, tag="response.incomplete"):
    """`response.incomplete`."""

    response: WireEnd | None = None


class WireTextDone(msgspec.Struct, tag="response.output_text.done"):
    """`response.output_text.done`: the text of a part, usually known from its deltas."""

    text: str
    item_id: str = ""
    content_index: int | None = None


class WirePartDone(msgspec.Struct, tag="response.content_part.done"):
    """`response.content_part.done`: the same once more, for some providers the only time."""

    part: dict[str, Any] | None = None
    item_id: str = ""
    content_index: int | None = None


class WireThoughtDone(msgspec.Struct):
    """A part of a reasoning summary, or of the reasoning itself, usually known from its deltas."""

    text: str
    index: int
    item_id: str = ""
    is_summary: bool = False


class WireInputDone(msgspec.Struct):
    """All that a tool is called with, usually known from its deltas and repeated in the item."""

    kind: str
    text: str
    item_id: str = ""


class WireError(msgspec.Struct):
    """An event that says what is wrong; `value` is all of it."""

    value: Any


class WireWords(msgspec.Struct):
    """Text in place of an event. Nobody acts on it, but it may be why the stream ends."""

    text: str


# Kinds that nobody acts on but that come in numbers. Decoding them into an empty struct is cheaper than an error each.


class _ContentPartAdded(msgspec.Struct, frozen=True, gc=False, tag="response.content_part.added"):
    pass


class _InProgress(msgspec.Struct, frozen=True, gc=False, tag="response.in_progress"):
    pass


_Ignored: TypeAlias = _ContentPartAdded | _InProgress

DirectEvent: TypeAlias = (
    OutputItemAdded
    | OutputTextDelta
    | ReasoningSummaryPartAdded
    | ReasoningSummaryTextDelta
    | ReasoningTextDelta
    | CustomToolCallInputDelta
    | FunctionCallArgumentsDelta
    | OutputItemDone
)

_PlainWireEvent: TypeAlias = (
    WireCreated
    | WireMetadata
    | WireRateLimits
    | WireCompleted
    | WireFailed
    | WireIncomplete
    | WireTextDone
    | WirePartDone
)

WireEvent: TypeAlias = _PlainWireEvent | WireThoughtDone | WireInputDone | WireError | WireWords

DIRECT_EVENTS: frozenset[type] = frozenset(DirectEvent.__args__)
"""Kinds that are the same on the wire and for the engine."""

_IGNORED: frozenset[type] = frozenset(_Ignored.__args__)


class EventDecoder:
    """Decodes the data of single server-sent events."""

    def __init__(self) -> None:
        self._decode = decoding.json_decoder(DirectEvent | _PlainWireEvent | _Ignored).decode

    def decode(self, data: bytes) -> DirectEvent | WireEvent | None:
        """Return the event in a JSON text; None for one that nobody acts on.

        Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError for a text of another shape.
        """
        event = self._decode(data)
        return None if type(event) in _IGNORED else event
