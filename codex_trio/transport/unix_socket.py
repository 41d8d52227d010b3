"""Clients on a unix socket: each speaks websocket on its connection, and is served as long as it stays.

Owns accepting, the handshake's answer and the containment of one client's failure. Does not own the path
(transport.socket_path), frames (transport.websocket_stream) or what is served. No authentication happens: the socket's
mode lets in this user only. Called by the command line.
"""

import logging
import socket
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from codex_trio.transport.admission import Admission, AdmissionLimits, AdmittingListener
from codex_trio.transport.base import MessageTransport
from codex_trio.transport.websocket_stream import MAX_FRAME_BYTES, HandshakeFailed, serve_stream

Serve = Callable[[MessageTransport], Awaitable[None]]
"""Serves one client until it is gone, and closes its transport."""

_HEADERS = [(b"x-codex-websocket-max-unfragmented-message-bytes", str(MAX_FRAME_BYTES).encode())]
"""0.169's clients read there how long a frame may be."""

_log = logging.getLogger(__name__)


async def serve_unix_socket(listening: socket.socket, serve: Serve, *, limits: AdmissionLimits | None = None) -> None:
    """Serves clients until it is cancelled; those that connected earlier too.

    Args:
        listening: made by `bound_socket`, and left open: its owner removes and closes it.
        serve: called once a client, in a task of the client's own.
        limits: how many there may be; by default what the process's descriptors allow.
    """
    admission = Admission(limits)
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening.dup()))
    await trio.serve_listeners(partial(_serve_client, serve, admission), [AdmittingListener(listener, admission)])


async def _serve_client(serve: Serve, admission: Admission, stream: trio.SocketStream) -> None:
    with admission.arrival() as arrival:

        async def serve_admitted(transport: MessageTransport) -> None:
            with admission.let_in(arrival) as refusal:
                if refusal is None:
                    await serve(transport)
                else:
                    await transport.aclose(refusal)

        try:
            await serve_stream(stream, serve_admitted, kind="unix", headers=_HEADERS)
        except HandshakeFailed as failed:
            _log.info("a connection to the unix socket came to nothing: %s", failed)
        except Exception:
            _log.exception("serving a client of the unix socket failed")
