"""Typed requests, for whoever keeps track of what was asked: a reply carries only an id and a raw result.

Owns the way from an envelope to its method's types and back. Does not own the types, nor who waits for what. For
programs that speak the protocol from either end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import msgspec

from codex_trio_protocol import table
from codex_trio_protocol.jsonrpc import Request, RequestId
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS, MethodSpec


@dataclass(frozen=True, slots=True)
class TypedResponse:
    """The reply to a request: `result` is of the method's response type."""

    id: RequestId
    method: str
    result: Any


@dataclass(frozen=True, slots=True)
class _TypedRequest:
    """A request. `params` is of the method's params type, None for a method without params."""

    id: RequestId
    method: str
    params: Any

    methods: ClassVar[Mapping[str, MethodSpec]]

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Return the request in a message.

        Raises:
            msgspec.DecodeError: not a request, no method of this direction, or params that do not fit.
        """
        envelope = table.decode(raw, Request)
        spec = cls.methods.get(envelope.method)
        if spec is None:
            raise msgspec.ValidationError(f"no such method: `{envelope.method}`")
        return cls(envelope.id, spec.name, spec.decode_params(envelope.params))

    def encode(self) -> bytes:
        """Return the message that carries this request."""
        envelope: dict[str, Any] = {"id": self.id, "method": self.method}
        if self.params is not None:
            envelope["params"] = self.params
        return msgspec.json.encode(envelope)

    @property
    def response_type(self) -> Any:
        """Type of the result. Raises KeyError when this direction has no such method."""
        return self.methods[self.method].result_type()

    def response(self, result: bytes | msgspec.Raw) -> TypedResponse:
        """Return the reply with this raw result.

        Raises:
            msgspec.DecodeError: the result does not fit the response type.
        """
        return TypedResponse(self.id, self.method, table.decode(result, self.response_type))


class ClientRequest(_TypedRequest):
    """What a client asks of the server."""

    __slots__ = ()
    methods = CLIENT_REQUESTS


class ServerRequest(_TypedRequest):
    """What the server asks of a client."""

    __slots__ = ()
    methods = SERVER_REQUESTS
