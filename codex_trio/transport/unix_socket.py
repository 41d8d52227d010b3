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

from codex_trio.transport.base import MessageTransport
from codex_trio.transport.websocket_stream import MAX_FRAME_BYTES, HandshakeFailed, serve_stream

Serve = Callable[[MessageTransport], Awaitable[None]]
"""Serves one client until it is gone, and closes its transport."""

_HEADERS = [(b"x-codex-websocket-max-unfragmented-message-bytes", str(MAX_FRAME_BYTES).encode())]
"""0.169's clients read there how long a frame may be."""

_log = logging.getLogger(__name__)


async def serve_unix_socket(listening: socket.socket, serve: Serve) -> None:
    """Serves clients until it is cancelled; those that connected earlier too.

    Args:
        listening: made by `bound_socket`, and left open: its owner removes and closes it.
        serve: called once a client, in a task of the client's own.
    """
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening.dup()))
    await trio.serve_listeners(partial(_serve_client, serve), [listener])


async def _serve_client(serve: Serve, stream: trio.SocketStream) -> None:
    try:
        await serve_stream(stream, serve, kind="unix", headers=_HEADERS)
    except HandshakeFailed as failed:
        _log.info("a connection to the unix socket came to nothing: %s", failed)
    except Exception:
        _log.exception("serving a client of the unix socket failed")
