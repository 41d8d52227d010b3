"""The client's side of the websocket handshake.

Owns the request and what is accepted as its answer. Does not own connecting (transport.outbound), frames or what is
said.
"""

import base64
import os
from http import HTTPStatus

import h11
import trio
import trio.abc

from codex_trio.transport.base import TransportKind
from codex_trio.transport.handshake import Headers, accept_key
from codex_trio.transport.websocket_connection import WebsocketConnection

HANDSHAKE_SECONDS = 10.0
"""How long a server may take from the connection to the end of the handshake."""

_KEY_BYTES = 16
_MAX_HEAD_BYTES = 64 * 1024
_MAX_REASON_BYTES = 4096
_READ_BYTES = 64 * 1024


class HandshakeFailed(Exception):
    """There is no websocket: the server refused, broke the protocol, took too long or went away."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the websocket handshake failed: {problem}")


async def open_websocket(
    stream: trio.abc.Stream, *, host: str, target: str, kind: TransportKind, headers: Headers = ()
) -> WebsocketConnection:
    """Ask a server for a websocket.

    Args:
        stream: connected to the server, nothing sent yet; left open when there is no websocket.
        host: value of the `Host` header.
        target: path and query of the request.
        kind: what the transport says it is.
        headers: added to the request.

    Raises:
        HandshakeFailed: the server gives none.
    """
    key = base64.b64encode(os.urandom(_KEY_BYTES))
    client = _HttpClient(stream)
    try:
        with trio.fail_after(HANDSHAKE_SECONDS):
            await client.request(target, [*_asked(host, key), *headers])
            answer = await client.answer()
    except trio.TooSlowError:
        raise HandshakeFailed("it took too long") from None
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        raise HandshakeFailed("the connection was closed") from None
    _check(answer, key)
    return WebsocketConnection(stream, client.leftover, kind=kind, is_client=True)


def _asked(host: str, key: bytes) -> Headers:
    return (
        (b"Host", host.encode()),
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Key", key),
        (b"Sec-WebSocket-Version", b"13"),
    )


def _check(answer: h11.InformationalResponse, key: bytes) -> None:
    """Refuse a change of protocol that is none to websocket, or to more than was asked for."""
    given = {name: value.lower() for name, value in answer.headers}
    if given.get(b"upgrade") != b"websocket" or b"upgrade" not in given.get(b"connection", b""):
        raise HandshakeFailed("the server changes to another protocol")
    if dict(answer.headers).get(b"sec-websocket-accept") != accept_key(key):
        raise HandshakeFailed("the server's `Sec-WebSocket-Accept` does not answer the key")
    for name in ("Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"):
        if given.get(name.lower().encode()):
            raise HandshakeFailed(f"the server agrees on a `{name}` that was not offered")


class _HttpClient:
    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)

    @property
    def leftover(self) -> bytes:
        """What came behind the answer."""
        return self._http.trailing_data[0]

    async def request(self, target: str, headers: list[tuple[bytes, bytes]]) -> None:
        request = h11.Request(method="GET", target=target, headers=headers)
        await self._stream.send_all(self._http.send(request) + self._http.send(h11.EndOfMessage()))

    async def answer(self) -> h11.InformationalResponse:
        """Read the answer, which must be a change of protocol."""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                raise HandshakeFailed(f"HTTP status {event.status_code}{await self._reason()}")
            if isinstance(event, h11.InformationalResponse) and event.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                return event

    async def _reason(self) -> str:
        """Return the body of a refusal, or the beginning of one."""
        body = b""
        while len(body) < _MAX_REASON_BYTES:
            try:
                event = await self._next_event()
            except HandshakeFailed:
                break
            if not isinstance(event, h11.Data):
                break
            body += event.data
        said = body[:_MAX_REASON_BYTES].decode(errors="replace").strip()
        return f", {said}" if said else ""

    async def _next_event(self) -> h11.Event:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise HandshakeFailed(f"the answer cannot be read: {error}") from None
            if event is h11.NEED_DATA:
                data = await self._stream.receive_some(_READ_BYTES)
                if not data:
                    raise HandshakeFailed("the connection was closed")
                self._http.receive_data(bytes(data))
            elif isinstance(event, h11.Event):
                return event
            else:
                raise HandshakeFailed("the server's answer ended early")
