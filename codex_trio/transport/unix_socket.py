"""Clients on a unix socket: each speaks websocket on its connection, and is served as long as it stays.

Owns what the handshake tells them. Does not own the path (transport.socket_path), accepting and serving
(transport.websocket_server). No authentication happens: the socket's mode lets in this user only.
"""

import socket

import trio

from codex_trio.transport.admission import AdmissionLimits
from codex_trio.transport.handshake import Headers, respond_on_unix_socket
from codex_trio.transport.websocket_server import Entrance, Serve, WebsocketServer

HANDSHAKE_SECONDS = 10.0
"""How long a client may take from the connection to the end of the handshake."""

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The longest frame that a peer may be told to send."""


async def serve_unix_socket(listening: socket.socket, serve: Serve, *, limits: AdmissionLimits | None = None) -> None:
    """Serve clients until it is cancelled; those that connected earlier too.

    Args:
        listening: made by `bound_socket`, and left open: its owner removes and closes it.
        serve: called once a client, in a task of the client's own.
        limits: how many there may be; by default what the process's descriptors allow.
    """
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening.dup()))
    entrance = Entrance("unix", respond_on_unix_socket, _headers, HANDSHAKE_SECONDS)
    await WebsocketServer(listener, entrance, limits).run(serve)


def _headers() -> Headers:
    # 0.169's clients read there how long a frame may be.
    return ((b"x-codex-websocket-max-unfragmented-message-bytes", b"%d" % MAX_FRAME_BYTES),)
