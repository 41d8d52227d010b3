"""How HTTP requests fail, in words for people.

Owns: the exceptions, and turning those of the HTTP library into them. Does not own: connections (`http`), whether a
request is repeated (`client`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Generator
from typing import cast

_NOT_CONNECTED = re.compile(r"Error connecting to \('([^']+)', (\d+).*?\): (.*)", re.DOTALL)
"""What Trio says of a connection that failed, with the address as Python has it."""


class HttpFailure(Exception):
    """A request that got no answer, or whose answer broke off. The text says how."""


class ConnectFailure(HttpFailure):
    """There is no connection to the server, or to the proxy on the way: the network may be away."""


class RefusedConnection(HttpFailure):
    """The server or the proxy is there, but is not to be talked to: its certificate is not trusted, or it says no."""


class UpgradeRefused(HttpFailure):
    """A server does not want to speak another protocol, for now or at all; the text has its words."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class SetupFailure(HttpFailure):
    """Nothing can be sent because of the settings: a proxy or a certificate file that cannot be used."""


class IdleTimeout(HttpFailure):
    """Nothing came for as long as was allowed."""


class UnreadableBody(HttpFailure):
    """An answer's body is compressed in a way that cannot be undone."""


def failure_of(error: BaseException) -> HttpFailure | None:
    """Return the failure that an exception of the HTTP client stands for; None for an exception of another kind."""
    import httpcore2

    match error:
        case httpcore2.ConnectError() | httpcore2.ConnectTimeout():
            return RefusedConnection(_reason(error)) if _is_tls_error(error) else ConnectFailure(_reason(error))
        case httpcore2.ProxyError():
            return RefusedConnection(_reason(error))
        case httpcore2.TimeoutException():
            return IdleTimeout(_reason(error))
        case httpcore2.NetworkError() | httpcore2.ProtocolError():
            return HttpFailure(_reason(error))
        case _:
            return None


@contextlib.contextmanager
def failures() -> Generator[None]:
    """Turn what the library raises inside into HttpFailure."""
    try:
        yield
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise failure from error


def _is_tls_error(error: BaseException) -> bool:
    import ssl

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _plain_words(text: str) -> str:
    """Return what the system says of a connection that failed, with the address as people write it."""
    match = _NOT_CONNECTED.match(text)
    if match is None:
        return text
    host, port, why = match.groups()
    is_own = host == "::1" or host.startswith("127.")
    hint = "; is the server running there?" if is_own and why == os.strerror(errno.ECONNREFUSED) else ""
    return f"could not connect to {f'[{host}]' if ':' in host else host}:{port}: {why}{hint}"


def _reason(error: BaseException) -> str:
    """Return what went wrong at the bottom: "connection refused" rather than "all connection attempts failed"."""
    text = str(error) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            text = _plain_words(cause.strerror)
        # One cause for each address that was tried: they rarely differ.
        several = cast("BaseExceptionGroup[BaseException]", cause) if isinstance(cause, BaseExceptionGroup) else None
        cause = several.exceptions[0] if several is not None else cause.__cause__ or cause.__context__
    return text
