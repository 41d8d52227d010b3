"""JSON-RPC envelopes and error codes of the app-server protocol.

Owns the outer objects only: params and results stay raw bytes here and are decoded with the types of the method
table. Used by the codec, the outgoing side and clients.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Called, Int64, JsonValue, Wire

PARSE_ERROR: Final = -32700
"""Reserved by JSON-RPC. The app-server never sends it: an unreadable line is not answered."""
INVALID_REQUEST: Final = -32600
"""Nearly every refusal: bad params, unknown method, missing thread, wrong state."""
METHOD_NOT_FOUND: Final = -32601
"""A method that is known but not supported."""
INVALID_PARAMS: Final = -32602
"""Input over a size limit; `data` says which."""
INTERNAL_ERROR: Final = -32603
"""The request was fine and could not be carried out."""
SERVER_OVERLOADED: Final = -32001
"""Too many requests are waiting; the client may send this one again later."""

RequestId: TypeAlias = Annotated[Int64 | str, Called("RequestId")]
"""Echoed with the type that the sender chose."""


class W3cTraceContext(Wire, rename=None):
    """Trace context that a client may attach to a request, in the form of the W3C headers of the same names."""

    traceparent: str | None = None
    tracestate: str | None = None


class Request(Wire):
    """A call that wants an answer. `params` is left out when the method takes none."""

    id: RequestId
    method: str
    params: msgspec.Raw | UnsetType = UNSET
    trace: W3cTraceContext | UnsetType | None = UNSET


class Notification(Wire):
    """A message without an answer. `emitted_at_ms` is in Unix milliseconds; only the server sends it."""

    method: str
    params: msgspec.Raw | UnsetType = UNSET
    emitted_at_ms: int | UnsetType = UNSET


class Response(Wire):
    """The result of the request with this id."""

    id: RequestId
    result: msgspec.Raw


class JSONRPCErrorBody(Wire):
    """Why a request failed. `data` is left out when there is no more to say."""

    code: int
    message: str
    data: JsonValue | UnsetType = UNSET


class ErrorResponse(Wire):
    """The failure of the request with this id."""

    error: JSONRPCErrorBody
    id: RequestId


JSONRPCMessage: TypeAlias = Request | Notification | Response | ErrorResponse
"""Any message. Which one it is shows in its keys: `method` and `id`, `method` alone, `result`, or `error`."""
