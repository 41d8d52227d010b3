"""What is answered to an HTTP request on the websocket port and on the unix socket. Sans-io.

Owns the routes, the order of the checks and their answers. On the port a web page is refused whatever it asks for, then
come the two health routes, then what a websocket upgrade needs, then authentication; on the unix socket there is the
upgrade alone. Does not own who passes authentication (transport.ws_auth), nor the bytes of requests and answers
(transport.http_server).
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from codex_trio.transport.ws_auth import Authenticator, HandshakeRejected

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

HEALTH_ROUTES = (b"/readyz", b"/healthz")
"""Answered as soon as the server accepts connections, whoever asks."""

_ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class HttpRequest:
    """The head of a request.

    Args:
        method: in upper case.
        target: as sent: a path with its query, or a whole URL.
        http_version: such as `1.1`.
        headers: names in lower case, values without outer blanks, in the order in which they came.
    """

    def __init__(
        self, *, method: bytes, target: bytes, http_version: bytes, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        self.method = method
        self.path = _path(target)
        self.http_version = http_version
        self._headers: dict[bytes, bytes] = {}
        for name, value in headers:
            self._headers.setdefault(name, value)

    def header(self, name: bytes) -> bytes | None:
        """Return the first header of a name; None when there is none."""
        return self._headers.get(name)


class HandshakeResponse(msgspec.Struct, frozen=True):
    """A response that ends the matter. The body is left out where the method is HEAD, its length is not."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class Upgrade(msgspec.Struct, frozen=True):
    """The connection becomes a websocket, once these headers are sent with status 101."""

    headers: Headers


def respond(request: HttpRequest, authenticator: Authenticator | None) -> HandshakeResponse | Upgrade:
    """Return the answer to a request.

    Args:
        request: its head; bodies do not matter.
        authenticator: decides who may connect; None lets everybody.
    """
    if request.http_version not in (b"1.0", b"1.1"):
        return HandshakeResponse(400, ((b"connection", b"close"),))
    if request.header(b"origin") is not None:
        # Browsers send it, and a page that somebody looks at must not reach a server on their machine.
        return HandshakeResponse(403)
    if request.path in HEALTH_ROUTES:
        return (
            HandshakeResponse(200)
            if request.method in (b"GET", b"HEAD")
            else HandshakeResponse(405, ((b"allow", b"GET,HEAD"),))
        )
    refusal = _refuse_upgrade(request)
    if refusal is not None:
        return refusal
    if authenticator is not None:
        try:
            authenticator.check(request.header(b"authorization"))
        except HandshakeRejected as rejected:
            return _text(401, str(rejected))
    return _upgrade(request)


def respond_on_unix_socket(request: HttpRequest) -> HandshakeResponse | Upgrade:
    """Return the answer to a request of who was let in by the socket's mode: anything but an upgrade ends the
    connection.
    """
    refusal = _refuse_upgrade(request)
    if refusal is None:
        return _upgrade(request)
    return HandshakeResponse(refusal.status, (*refusal.headers, (b"connection", b"close")), refusal.body)


def accept_key(key: bytes) -> bytes:
    """Return what a server makes of the client's `Sec-WebSocket-Key`, as proof that it speaks websocket."""
    return base64.b64encode(hashlib.sha1(key + _ACCEPT_SUFFIX).digest())


def _upgrade(request: HttpRequest) -> Upgrade:
    accept = accept_key(request.header(b"sec-websocket-key") or b"")
    return Upgrade(((b"connection", b"upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-accept", accept)))


def _refuse_upgrade(request: HttpRequest) -> HandshakeResponse | None:
    if request.method != b"GET":
        return _text(405, "Request method must be `GET`")
    if b"upgrade" not in (request.header(b"connection") or b"").lower():
        return _text(400, "Connection header did not include 'upgrade'")
    if (request.header(b"upgrade") or b"").lower() != b"websocket":
        return _text(400, "`Upgrade` header did not include 'websocket'")
    if request.header(b"sec-websocket-key") is None:
        return _text(400, "`Sec-WebSocket-Key` header missing")
    if request.header(b"sec-websocket-version") != b"13":
        return _text(400, "`Sec-WebSocket-Version` header did not include '13'")
    if request.http_version != b"1.1":
        return _text(426, "WebSocket request couldn't be upgraded since no upgrade state was present")
    return None


def _text(status: int, text: str) -> HandshakeResponse:
    return HandshakeResponse(status, ((b"content-type", b"text/plain; charset=utf-8"),), text.encode())


def _path(target: bytes) -> bytes:
    path = target.partition(b"?")[0]
    if path.startswith(b"/"):
        return path
    _, scheme_separator, rest = path.partition(b"://")
    return b"/" + rest.partition(b"/")[2] if scheme_separator else path
