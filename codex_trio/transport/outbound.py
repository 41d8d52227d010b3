"""Connections to servers elsewhere: `ws://`, `wss://` and `unix://` URLs.

Owns the URLs, connecting, the bearer token, and one error with a text for people. Does not own the handshake
(transport.websocket_client) or what is said.
"""

import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec
import trio
import trio.abc

from codex_trio.transport.base import TransportKind
from codex_trio.transport.handshake import Headers
from codex_trio.transport.socket_path import address_of
from codex_trio.transport.websocket_client import HandshakeFailed, open_websocket
from codex_trio.transport.websocket_connection import WebsocketConnection

CONNECT_SECONDS = 10.0
"""How long a server may take to accept a connection."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class ServerUrlError(ValueError):
    """Not the URL of a server, or not one that can be used as asked; the text says which there are."""


class CannotConnect(Exception):
    """There is no connection to the server; the text says why, with its URL and without any token."""


class _UnixServer(msgspec.Struct, frozen=True):
    path: Path


class _WebsocketServer(msgspec.Struct, frozen=True):
    host: str
    port: int
    target: str
    encrypted: bool

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


_Server: TypeAlias = _UnixServer | _WebsocketServer


@asynccontextmanager
async def connect(url: str, *, token: str | None = None, headers: Headers = ()) -> AsyncGenerator[WebsocketConnection]:
    """Provide a connection to a server until the block ends.

    Args:
        url: `ws://HOST:PORT`, `wss://HOST[:PORT]` (both may have a path and a query) or `unix://PATH`.
        headers: added to the handshake.
        token: sent as the bearer token of the handshake; not for `unix://`, where the socket's mode decides.

    Raises:
        ServerUrlError: the URL or the token cannot be used.
        CannotConnect: nobody answers there, or the server refuses the connection.
    """
    server = _parse(url)
    headers = (*_authorization(server, token), *headers)
    stream = await _open(server, url)
    kind: TransportKind = "unix"
    host, target = "localhost", "/"
    if isinstance(server, _WebsocketServer):
        kind, host, target = "websocket", server.host_header, server.target
    try:
        connection = await open_websocket(stream, host=host, target=target, kind=kind, headers=headers)
    except BaseException as error:
        await trio.aclose_forcefully(stream)
        if isinstance(error, HandshakeFailed):
            raise CannotConnect(f"cannot connect to {url}: {error}") from None
        raise
    try:
        yield connection
    finally:
        await connection.aclose()


def _parse(url: str) -> _Server:
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if separator and scheme == "unix":
        if not rest:
            raise ServerUrlError("`unix://` needs the path of a socket: `unix://PATH`")
        return _UnixServer(Path(rest))
    if "@" in rest.partition("/")[0]:
        # Not repeated: it may be a password.
        raise ServerUrlError("the server URL holds credentials; give a token instead")
    if separator and scheme in _DEFAULT_PORTS:
        try:
            return _websocket_server(url)
        except ValueError as error:
            raise ServerUrlError(f"invalid server URL `{url}`: {error}") from None
    raise ServerUrlError(f"unsupported server URL `{url}`; expected `ws://HOST:PORT`, `wss://HOST` or `unix://PATH`")


def _websocket_server(url: str) -> _WebsocketServer:
    if not _VISIBLE.fullmatch(url):
        raise ValueError("it holds blanks, or characters that are not ASCII")
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("it has no host")
    if parts.fragment:
        raise ValueError("it has a fragment")
    return _WebsocketServer(
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        encrypted=parts.scheme == "wss",
    )


def _authorization(server: _Server, token: str | None) -> Headers:
    if token is None:
        return ()
    if isinstance(server, _UnixServer):
        raise ServerUrlError("a bearer token is of no use on a unix socket; leave it out")
    if not _VISIBLE.fullmatch(token):
        raise ServerUrlError("the bearer token holds characters that a header cannot carry, or is empty")
    return ((b"Authorization", b"Bearer " + token.encode()),)


async def _open(server: _Server, url: str) -> trio.abc.Stream:
    try:
        with trio.fail_after(CONNECT_SECONDS):
            if isinstance(server, _UnixServer):
                return await trio.open_unix_socket(address_of(server.path))
            if server.encrypted:
                return await _encrypted(server)
            return await trio.open_tcp_stream(server.host, server.port)
    except trio.TooSlowError:
        raise CannotConnect(f"cannot connect to {url}: no answer within {CONNECT_SECONDS:g} seconds") from None
    except trio.BrokenResourceError as error:
        raise CannotConnect(f"cannot connect to {url}: {_tls_problem(error.__cause__)}") from error
    except OSError as error:
        raise CannotConnect(f"cannot connect to {url}: {error.strerror or error}") from error


async def _encrypted(server: _WebsocketServer) -> trio.abc.Stream:
    stream = await trio.open_ssl_over_tcp_stream(server.host, server.port, https_compatible=True)
    try:
        # Left to the first write, a certificate that is refused would look like any lost connection.
        await stream.do_handshake()
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
    return stream


def _tls_problem(cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the server's certificate is not accepted: {cause.verify_message}"
    return f"there is no TLS: {cause.reason if isinstance(cause, ssl.SSLError) else 'the connection was closed'}"
