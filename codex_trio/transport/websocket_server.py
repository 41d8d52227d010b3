"""Clients of a listening socket: each asks over HTTP to be let in, and then has a websocket as long as it stays.

Owns accepting, the life of each connection and the containment of one client's failure. Does not own the socket
(transport.websocket, transport.socket_path), HTTP (transport.http_server), who is let in (transport.handshake,
transport.admission) nor what is said on a websocket (transport.websocket_connection).
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import trio

from codex_trio.transport.admission import Admission, AdmissionLimits, AdmittingListener
from codex_trio.transport.base import TransportKind
from codex_trio.transport.handshake import Headers
from codex_trio.transport.http_server import Responder, answer_http
from codex_trio.transport.websocket_connection import WebsocketConnection
from codex_trio.util.close_reason import CloseReason

Serve = Callable[[WebsocketConnection], Awaitable[None]]
"""Talks with one client; the connection is closed behind it."""

INTERNAL_ERROR = CloseReason(1011, "the server failed; its log says why")

_log = logging.getLogger(__name__)


class Entrance(msgspec.Struct, frozen=True):
    """How clients get in."""

    kind: TransportKind
    respond: Responder
    """Answers their requests."""
    headers: Callable[[], Headers]
    """Added to every answer."""
    seconds: float
    """How long a request may take."""


class WebsocketServer:
    """Serves the clients of one socket."""

    def __init__(
        self, listener: trio.SocketListener, entrance: Entrance, limits: AdmissionLimits | None = None
    ) -> None:
        self._admission = Admission(limits)
        self._listener = AdmittingListener(listener, self._admission)
        self._entrance = entrance

    async def run(
        self, serve: Serve, *, task_status: trio.TaskStatus[list[AdmittingListener]] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Accept clients until it is cancelled, which cancels their connections too; the socket is closed then."""
        await trio.serve_listeners(partial(self._serve_client, serve), [self._listener], task_status=task_status)

    async def aclose(self) -> None:
        """Close the socket of a server that was never run."""
        await self._listener.aclose()

    async def _serve_client(self, serve: Serve, stream: trio.SocketStream) -> None:
        entrance = self._entrance
        with self._admission.arrival() as arrival:
            try:
                leftover = await answer_http(
                    stream, entrance.respond, seconds=entrance.seconds, headers=entrance.headers
                )
            except Exception:
                # One client's misfortune is no other's.
                _log.exception("answering a client's HTTP requests failed")
                return
            if leftover is None:
                return
            with self._admission.let_in(arrival) as refusal:
                await self._talk(serve, WebsocketConnection(stream, leftover, kind=entrance.kind), refusal)

    async def _talk(self, serve: Serve, connection: WebsocketConnection, refusal: CloseReason | None) -> None:
        try:
            if refusal is None:
                await serve(connection)
        except Exception:
            _log.exception("serving a client of the %s socket failed", connection.kind)
            refusal = INTERNAL_ERROR
        finally:
            await connection.aclose(refusal)
