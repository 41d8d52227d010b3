"""What can go wrong between a client and an app-server. Owns no behaviour; raised by the other modules here."""

from typing import Any

import trio

from codex_trio.client.messages import RequestId


class AppServerError(Exception):
    """The server answered a request with an error.

    Protocol source: the `error` object of a JSON-RPC response.
    """

    def __init__(self, code: int, message: str, data: Any = None, *, request_id: RequestId | None = None) -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        """JSON-RPC error code, such as -32600."""
        self.message = message
        self.data = data
        """Whatever more the server said; None when it said nothing."""
        self.request_id = request_id


class InvalidMessage(ValueError):
    """Params or an answer that the protocol does not have: an unknown key, or a wrong value. Nothing was sent."""


class ServerGone(Exception):
    """The server closed the connection or ended while the client still wanted something from it."""

    def __init__(self, reason: str, *, stderr: str = "") -> None:
        super().__init__(f"{reason}\n--- end of the server's stderr ---\n{stderr}" if stderr else reason)
        self.reason = reason
        self.stderr = stderr
        """The last part of what the server wrote to its standard error."""


class NotReady(trio.TooSlowError):
    """A server that was started does not listen in time."""

    def __init__(self, reason: str, *, stderr: str) -> None:
        super().__init__(f"{reason}\n--- end of the server's stderr ---\n{stderr}")
        self.stderr = stderr
        """The last part of what the server wrote to its standard error."""


class BufferOverflow(Exception):
    """A subscriber took its messages too slowly, and its buffer is full. The connection itself goes on."""


class TurnFailed(Exception):
    """A turn ended with an error. `error` is the protocol's TurnError as a dict."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message", "the turn failed"))
        self.error = error
