"""The websocket listener: a TCP port on which clients connect as websockets, and health checks are answered.

Owns the listening socket, and the rule that nobody else's machine connects without authentication. Does not own
accepting and serving (transport.websocket_server) nor the handshake (transport.handshake).
"""

import errno
import os
import socket
from email.utils import formatdate
from functools import partial
from ipaddress import IPv6Address, ip_address

import trio

from codex_trio.transport.admission import AdmissionLimits
from codex_trio.transport.handshake import Headers, respond
from codex_trio.transport.http_server import IDLE_SECONDS
from codex_trio.transport.listen import ListenRefused, WebsocketAddress
from codex_trio.transport.websocket_server import Entrance, Serve, WebsocketServer
from codex_trio.transport.ws_auth import Authenticator, AuthenticatorLoader

BACKLOG = 1024
"""Connections that the kernel holds for us: a fleet that connects at once after a restart is not refused."""

KEEPALIVE_IDLE_SECONDS = 60
"""Silence after which the kernel asks a peer whether it is still there; a machine that lost its power never says."""


class WebsocketListener:
    """A bound port. Made by `bind_websocket`; `run` accepts clients on it."""

    def __init__(
        self, listener: trio.SocketListener, authenticator: Authenticator | None, limits: AdmissionLimits | None = None
    ) -> None:
        entrance = Entrance("websocket", partial(respond, authenticator=authenticator), _headers, IDLE_SECONDS)
        self._server = WebsocketServer(listener, entrance, limits)
        self.address = _bound_address(listener)
        """Where it listens, with the port that it really got."""

    async def run(
        self, serve: Serve, *, task_status: trio.TaskStatus[WebsocketAddress] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Accept clients until it is cancelled, which cancels their connections too.

        Args:
            serve: talks with one client; the connection is closed behind it.
            task_status: gets the address as soon as clients can connect.
        """
        async with trio.open_nursery() as nursery:
            await nursery.start(self._server.run, serve)
            task_status.started(self.address)

    async def aclose(self) -> None:
        """Give the port back. For a listener that was never run; `run` does it in the end."""
        await self._server.aclose()


def _headers() -> Headers:
    return ((b"date", formatdate(usegmt=True).encode()),)


async def bind_websocket(
    address: WebsocketAddress,
    authentication: AuthenticatorLoader | None = None,
    *,
    limits: AdmissionLimits | None = None,
) -> WebsocketListener:
    """Take the port.

    Args:
        address: where to listen.
        authentication: who decides on clients; None lets everybody in, which is for loopback addresses alone.
        limits: how many there may be; by default what the process's descriptors allow.

    Raises:
        ListenRefused: the port is taken, the address is not this machine's, the secret cannot be read, or other
            machines could connect unauthenticated.
    """
    if authentication is None and not address.is_loopback:
        raise ListenRefused(
            f"refusing to start non-loopback websocket listener {address} without auth; "
            "configure `--ws-auth capability-token` or `--ws-auth signed-bearer-token`"
        )
    authenticator = None if authentication is None else authentication()
    ipv6 = isinstance(address.ip, IPv6Address)
    sock = trio.socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _watch_for_dead_peers(sock)
        where = (str(address.ip), address.port)
        await sock.bind((*where, 0, address.scope_id) if ipv6 else where)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenRefused(_explain(error, address)) from None
    return WebsocketListener(trio.SocketListener(sock), authenticator, limits)


def _watch_for_dead_peers(sock: trio.socket.SocketType) -> None:
    # Accepted connections inherit it.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)


def _explain(error: OSError, address: WebsocketAddress) -> str:
    number = error.errno or 0
    if number == errno.EADDRINUSE:
        return f"Address in use (os error {number}): {address}; choose another port, or 0 for any that is free"
    if number == errno.EADDRNOTAVAIL:
        return f"Address not available (os error {number}): {address} is not an address of this machine"
    return f"{os.strerror(number)} (os error {number}): cannot listen on {address}"


def _bound_address(listener: trio.SocketListener) -> WebsocketAddress:
    host, port, *more = listener.socket.getsockname()
    scope_id = more[1] if more else 0
    return WebsocketAddress(ip_address(host.partition("%")[0]), port, scope_id)
