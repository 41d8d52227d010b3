"""What an app-server sends, as a client sees it. Owns the envelope's decoding; used by every module of this package."""

from dataclasses import dataclass
from typing import Any, TypeVar

from codex_trio_protocol import table

RequestId = int | str
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that wants no answer."""

    method: str
    params: Any
    emitted_at_ms: int | None = None
    """When the server emitted it: Unix time in milliseconds. Older servers do not say."""

    def decode(self, kind: type[T]) -> T:
        """The params as a protocol struct. Raises msgspec.ValidationError when they do not fit."""
        return table.convert(self.params, kind)


@dataclass(frozen=True, slots=True)
class ServerRequest:
    """A question of the server (an approval, say) that a client should answer."""

    id: RequestId
    method: str
    params: Any

    def decode(self, kind: type[T]) -> T:
        """The params as a protocol struct. Raises msgspec.ValidationError when they do not fit."""
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
