"""What an app-server sends, as a client sees it. Owns the envelope's decoding; used by every module of this package."""

from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from codex_trio_protocol import table
from codex_trio_protocol.table import SERVER_NOTIFICATIONS, SERVER_REQUESTS, MethodSpec

RequestId = int | str
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that wants no answer."""

    method: str
    params: Any
    emitted_at_ms: int | None = None
    """When the server emitted it: Unix time in milliseconds. Older servers do not say."""

    @property
    def typed(self) -> msgspec.Struct | None:
        """The params as the method's protocol struct, to match on: `case AgentMessageDeltaNotification(delta=text)`.

        None for a method that this release does not know. Raises msgspec.ValidationError when they do not fit.
        """
        return _typed(SERVER_NOTIFICATIONS.get(self.method), self.params)

    def decode(self, kind: type[T]) -> T:
        """Return the params as a protocol struct. Raises msgspec.ValidationError when they do not fit."""
        return table.convert(self.params, kind)


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """A question of the server (an approval, say) that a client should answer."""

    id: RequestId
    method: str
    params: Any

    @property
    def typed(self) -> msgspec.Struct | None:
        """The params as the method's protocol struct, to match on, as for a notification."""
        return _typed(SERVER_REQUESTS.get(self.method), self.params)

    def decode(self, kind: type[T]) -> T:
        """Return the params as a protocol struct. Raises msgspec.ValidationError when they do not fit."""
        return table.convert(self.params, kind)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one of the client's requests: a result, or the protocol's error object."""

    id: RequestId | None
    result: Any = None
    error: dict[str, Any] | None = None


Message = Notification | ServerRequest | Reply


def classify(decoded: dict[str, Any]) -> Message:
    """Tell apart the three kinds of message by the keys of the envelope. Raises ValueError for anything else."""
    method = decoded.get("method")
    if method is not None:
        if "id" in decoded:
            return ServerRequest(id=decoded["id"], method=method, params=decoded.get("params"))
        return Notification(method=method, params=decoded.get("params"), emitted_at_ms=decoded.get("emittedAtMs"))
    if "error" in decoded:
        return Reply(id=decoded.get("id"), error=decoded["error"])
    if "result" in decoded:
        return Reply(id=decoded["id"], result=decoded["result"])
    raise ValueError(f"neither a notification, a request nor a reply: {decoded!r}")


def _typed(spec: MethodSpec | None, params: Any) -> msgspec.Struct | None:
    kind = None if spec is None else spec.params_type()
    return None if kind is None else table.convert(params, kind)
