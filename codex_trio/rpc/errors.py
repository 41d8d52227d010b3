"""Errors that a client sees, and the one function that turns any exception into one.

Owns the error codes' meaning on the server side. Does not own the texts of domain failures: services raise their own
exceptions, and the composition root says which error each of them is. Used by processors and by the dispatcher.
"""

from collections.abc import Callable
from typing import Any, cast

from codex_trio_protocol.jsonrpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    SERVER_OVERLOADED,
    JSONRPCErrorBody,
)
from msgspec import UNSET


class RpcError(Exception):
    """A request's failure as the client gets it.

    Args:
        code: a JSON-RPC error code, see `codex_trio_protocol.jsonrpc`.
        message: one sentence for people; clients match on some of them.
        data: more for programs; left out of the answer when UNSET.
    """

    def __init__(self, code: int, message: str, data: Any = UNSET) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_body(self) -> JSONRPCErrorBody:
        """Return the `error` object of the answer."""
        return JSONRPCErrorBody(code=self.code, message=self.message, data=self.data)


def invalid_request(message: str, data: Any = UNSET) -> RpcError:
    """Say that the request cannot be carried out as it is: bad params, unknown thread, wrong state. The usual error."""
    return RpcError(INVALID_REQUEST, message, data)


def undecodable(reason: str) -> RpcError:
    """Say that the request does not have the shape of its method; `reason` is in the words of `rpc.shape`."""
    return RpcError(INVALID_REQUEST, f"Invalid request: {reason}")


def invalid_params(message: str, data: Any = UNSET) -> RpcError:
    """Say that the params have the right shape and a value out of bounds, such as input that is too large."""
    return RpcError(INVALID_PARAMS, message, data)


def not_supported(message: str) -> RpcError:
    """Say that the method is known and does not work here."""
    return RpcError(METHOD_NOT_FOUND, message)


def internal_error(message: str, data: Any = UNSET) -> RpcError:
    """Say that the request was fine and something on our side failed."""
    return RpcError(INTERNAL_ERROR, message, data)


def overloaded() -> RpcError:
    """Too many requests of this connection are in flight; the client may retry."""
    return RpcError(SERVER_OVERLOADED, "Server overloaded; retry later.")


def shutting_down() -> RpcError:
    """Say that the server ends soon and takes on nothing new; 0.169.0 says so with these words."""
    return invalid_request("Server is draining; retry after reconnecting", {"reason": "serverShuttingDown"})


ErrorTranslator = Callable[[Exception], RpcError | None]
"""Says which error a domain exception is to the client, None when it does not know the exception."""


def to_rpc_error(error: Exception, translate: ErrorTranslator | None = None) -> RpcError | None:
    """Return the error that the client gets for an exception, None for one that nobody expected.

    A group with a single error in it, as a nursery raises, counts as that error.
    """
    error = _only_error(error)
    if isinstance(error, RpcError):
        return error
    return translate(error) if translate is not None else None


def _only_error(error: Exception) -> Exception:
    if not isinstance(error, ExceptionGroup):
        return error
    group = cast("ExceptionGroup[Exception]", error)
    return _only_error(group.exceptions[0]) if len(group.exceptions) == 1 else group
