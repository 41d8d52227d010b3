"""What happened between the server and its clients, as far as analytics count it.

Owns the shapes only. Params and results are the protocol's own structs: who reduces facts to events knows which fields
matter. Requests and their ends are paired by connection and request id, server requests by request id alone. Recorded
by `rpc`, into a `FactSink`.
"""

from typing import Any, Literal, TypeAlias

import msgspec

RpcTransport: TypeAlias = Literal["stdio", "websocket", "in_process"]
"""How a client is connected; a unix socket carries websocket frames and counts as such."""


class ClientInitialized(msgspec.Struct, frozen=True, kw_only=True):
    """A client introduced itself."""

    connection_id: int
    transport: RpcTransport
    client_name: str
    client_version: str
    experimental_api: bool


class ClientRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A client asked for something that is counted, and the request passed the gates."""

    connection_id: int
    transport: RpcTransport
    request_id: int | str
    method: str
    params: Any


class ClientAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """A client got the result of a request that is counted, or whose result is."""

    connection_id: int
    transport: RpcTransport
    request_id: int | str
    method: str
    result: Any


class ClientRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A request that had been recorded failed."""

    connection_id: int
    transport: RpcTransport
    request_id: int | str
    method: str
    code: int
    message: str


class ServerRequested(msgspec.Struct, frozen=True, kw_only=True):
    """A question was put to a client: once for each connection, however often it is sent there."""

    connection_id: int
    transport: RpcTransport
    request_id: int
    method: str
    params: Any
    replayed: bool
    """Whether the connection came to it later, by resuming the thread that it is about."""
    sent_at_ms: int
    """Unix milliseconds."""


class ServerRequestAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded question got its first usable reply."""

    connection_id: int
    """Whose reply it was."""
    transport: RpcTransport
    request_id: int
    method: str
    result: Any
    completed_at_ms: int


class ServerRequestAborted(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded question ended without a usable reply."""

    connection_id: int | None
    """Whose reply ended it; None when it was withdrawn, or nobody was left to reply."""
    request_id: int
    method: str
    reason: Literal["error", "undecodable", "withdrawn", "disconnected"]
    completed_at_ms: int


Fact: TypeAlias = (
    ClientInitialized
    | ClientRequested
    | ClientAnswered
    | ClientRefused
    | ServerRequested
    | ServerRequestAnswered
    | ServerRequestAborted
)
