"""The way out of a network of its own: a command finds a proxy of the server's there, always on the same ports.

Owns: the loopback interface of a new network, the listeners in it, and handing these over to the server, which takes
the connections: there is no process in between, and nothing in the file system. Does not own what passes (`network`).
Imports little; see `kernel`.
"""

from __future__ import annotations

import _socket
import array
import fcntl
import struct

HTTP_PORT, SOCKS_PORT = 3128, 1080

_ADDRESS = "127.0.0.1"
_BACKLOG = 128
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def bring_up() -> None:
    """Have this network reach itself. Needs the capabilities of whoever made it."""
    handle = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC)
    fcntl.ioctl(handle.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    handle.close()


def hand_over(descriptor: int) -> None:
    """Listen on the proxy's ports, and give the listeners away through a socket, which is closed then."""
    listeners = [_listener(port) for port in (HTTP_PORT, SOCKS_PORT)]
    to_server = _socket.socket(fileno=descriptor)
    handles = array.array("i", [listener.fileno() for listener in listeners])
    to_server.sendmsg([b"l"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handles)])
    for handle in (*listeners, to_server):
        handle.close()


def _listener(port: int) -> _socket.socket:
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    # Another command of the same sandbox may have used it a moment ago.
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind((_ADDRESS, port))
    listener.listen(_BACKLOG)
    return listener
