"""HTTP/1.1 on an accepted connection: requests are answered until one is granted the upgrade.

Owns the reading of requests and the writing of answers with h11, and the time that a peer has for a request. Does not
own what is answered (transport.handshake), nor closing the connection.
"""

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import h11
import trio
import trio.abc

from codex_trio.transport.handshake import HandshakeResponse, Headers, HttpRequest, Upgrade

IDLE_SECONDS = 30.0
"""How long a connection may take to send a request and to take its answer, the first one included."""

MAX_HEAD_BYTES = 64 * 1024
"""Longest head of a request; tokens in it are a few hundred bytes long."""

_READ_BYTES = 64 * 1024

_NOT_HTTP = HandshakeResponse(
    400,
    ((b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")),
    b"Messages come over websocket here. Lines of JSON are for the standard input of `codex-trio app-server`.\n",
)

Responder = Callable[[HttpRequest], HandshakeResponse | Upgrade]


def _none() -> Headers:
    return ()


async def answer_http(
    stream: trio.abc.Stream,
    respond: Responder,
    *,
    seconds: float = IDLE_SECONDS,
    headers: Callable[[], Headers] = _none,
) -> bytes | None:
    """Answer the requests of one connection.

    Args:
        stream: the connection; left open.
        respond: the answer to a request.
        seconds: how long each request may take.
        headers: added to every answer.

    Returns:
        What came behind the request that was granted the upgrade: the stream is a websocket from there on. None when
        there is nothing left to do but to close it.
    """
    server = _HttpServer(stream, headers)
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while True:
            goes_on = False
            with trio.move_on_after(seconds):
                request = await server.next_request()
                if request is None:
                    return None
                answer = respond(request)
                if isinstance(answer, Upgrade):
                    return await server.upgrade(answer)
                await server.answer(answer, has_body=request.method != b"HEAD")
                goes_on = await server.pass_body()
            if not goes_on:
                return None
    return None


class _HttpServer:
    def __init__(self, stream: trio.abc.Stream, headers: Callable[[], Headers]) -> None:
        self._stream = stream
        self._headers = headers
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._has_begun = False

    async def next_request(self) -> HttpRequest | None:
        """Read the head of a request; None when none will come."""
        event = await self._next_event()
        if not isinstance(event, h11.Request):
            return None
        return HttpRequest(
            method=event.method, target=event.target, http_version=event.http_version, headers=event.headers
        )

    async def upgrade(self, answer: Upgrade) -> bytes:
        """Grant the upgrade; return what came behind the request."""
        status = HTTPStatus.SWITCHING_PROTOCOLS
        headers = [*answer.headers, *self._headers()]
        await self._send(h11.InformationalResponse(status_code=status, headers=headers, reason=status.phrase.encode()))
        return self._http.trailing_data[0]

    async def answer(self, answer: HandshakeResponse, *, has_body: bool) -> None:
        """Write a whole answer."""
        length = (b"content-length", b"%d" % len(answer.body))
        response = h11.Response(
            status_code=answer.status,
            headers=[*answer.headers, length, *self._headers()],
            # Lawful to leave out, which surprises people.
            reason=HTTPStatus(answer.status).phrase.encode(),
        )
        body = [h11.Data(data=answer.body)] if has_body else []
        await self._send(response, *body, h11.EndOfMessage())

    async def pass_body(self) -> bool:
        """Read past the body of the request that was answered; whether another request may come."""
        while self._http.our_state is h11.DONE:
            event = await self._next_event()
            if event is None:
                return False
            if isinstance(event, h11.EndOfMessage):
                with suppress(h11.LocalProtocolError):
                    self._http.start_next_cycle()
                    return True
                return False
        return False

    async def _next_event(self) -> h11.Event | None:
        """Return what the peer said; None when it will say nothing more, or nothing that makes sense,
        and was told so.
        """
        # Much can come in one read, and others want their turn.
        await trio.lowlevel.checkpoint()
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    await self.answer(
                        HandshakeResponse(error.error_status_hint, ((b"connection", b"close"),)), has_body=True
                    )
                return None
            if event is h11.NEED_DATA:
                data = bytes(await self._stream.receive_some(_READ_BYTES))
                if not self._has_begun and data.lstrip()[:1] in (b"{", b"["):
                    # A message in place of a request: its sender would wait for an answer, and we for the rest.
                    await self.answer(_NOT_HTTP, has_body=True)
                    return None
                self._has_begun = True
                self._http.receive_data(data)
            elif isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
                return event
            else:
                return None

    async def _send(self, *events: h11.Event) -> None:
        await self._stream.send_all(b"".join(self._http.send(event) or b"" for event in events))
