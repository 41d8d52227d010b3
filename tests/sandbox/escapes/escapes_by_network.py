"""Ways to reach the network or a service of the machine."""

from __future__ import annotations

import socket

from escape_kinds import Absent, Probe, Target, first_that_works

_PATIENCE = 20.0
Address = str | tuple[str, int]
_NETLINK_AUDIT = 9
_MPTCP = 262
_FAST_OPEN = 0x20000000


def _connect(family: int, kind: int, address: Address, protocol: int = 0) -> None:
    with socket.socket(family, kind, protocol) as mine:
        mine.settimeout(_PATIENCE)
        mine.connect(address)
        mine.send(b"x")


def _datagram(t: Target) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
        mine.sendto(b"x", ("127.0.0.1", t.udp_port))


def _fast_open(t: Target) -> None:
    with socket.socket() as mine:
        mine.settimeout(_PATIENCE)
        mine.sendto(b"x", _FAST_OPEN, ("127.0.0.1", t.port))


def _listen(family: int, address: Address) -> None:
    with socket.socket(family) as mine:
        mine.bind(address)
        mine.listen()


def _log(t: Target, kind: int) -> None:
    with socket.socket(socket.AF_UNIX, kind) as mine:
        mine.sendto(b"x", f"{t.service}.log")


def _log_through_pair(t: Target) -> None:
    one, _other = socket.socketpair(type=socket.SOCK_DGRAM)
    one.sendmsg([b"x"], [], 0, f"{t.service}.log")


def _open(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


def _any_family(_t: Target) -> None:
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
    families = (family for family in range(2, 48) if family != socket.AF_UNIX)
    first_that_works([lambda f=family, k=kind: _open(f, k) for family in families for kind in kinds])


def _vsock(_t: Target) -> None:
    if not hasattr(socket, "AF_VSOCK"):
        raise Absent("Python knows no vsock here")
    _open(socket.AF_VSOCK, socket.SOCK_STREAM)


def _resolve(t: Target) -> None:
    address = socket.getaddrinfo("localhost", t.port, family=socket.AF_INET, type=socket.SOCK_STREAM)[0][4]
    _connect(socket.AF_INET, socket.SOCK_STREAM, (str(address[0]), int(address[1])))


PROBES = (
    Probe(
        "tcp",
        "connect by TCP",
        lambda t: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", t.port)),
        "offline",
    ),
    Probe("name", "connect to a name", _resolve, "offline"),
    Probe("udp", "send by UDP", _datagram, "offline"),
    Probe("fast-open", "send with TCP Fast Open", _fast_open, "offline", plain=False),
    Probe(
        "mptcp",
        "connect by MPTCP",
        lambda t: _connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", t.port), _MPTCP),
        "offline",
        plain=False,
    ),
    Probe("tcp-listen", "listen on a port", lambda _t: _listen(socket.AF_INET, ("127.0.0.1", 0)), "offline"),
    Probe(
        "ping",
        "open a ping socket",
        lambda _t: _open(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
        "offline",
        plain=False,
    ),
    Probe(
        "raw", "open a raw socket", lambda _t: _open(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), plain=False
    ),
    Probe(
        "raw6",
        "open a raw IPv6 socket",
        lambda _t: _open(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
        plain=False,
    ),
    Probe("packet", "open a packet socket", lambda _t: _open(socket.AF_PACKET, socket.SOCK_RAW), plain=False),
    Probe("netlink", "open a netlink socket", lambda _t: _open(socket.AF_NETLINK, socket.SOCK_RAW), "offline"),
    Probe(
        "netlink-audit",
        "open a netlink socket of the audit system",
        lambda _t: _open(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_AUDIT),
        "offline",
        plain=False,
    ),
    Probe(
        "crypto",
        "open a socket of the kernel's cryptography",
        lambda _t: _open(38, socket.SOCK_SEQPACKET),
        "offline",
        plain=False,
    ),
    Probe("any-family", "open a socket of any other family", _any_family, "offline"),
    Probe("vsock", "open a socket to the host of a virtual machine", _vsock, plain=False),
    Probe(
        "unix",
        "connect to a service's socket",
        lambda t: _connect(socket.AF_UNIX, socket.SOCK_STREAM, t.service),
        "offline",
    ),
    Probe(
        "unix-proc",
        "connect to it through `/proc/self/root`",
        lambda t: _connect(socket.AF_UNIX, socket.SOCK_STREAM, "/proc/self/root" + t.service),
        "offline",
        plain=False,
    ),
    Probe("unix-datagram", "send a datagram to a service's socket", lambda t: _log(t, socket.SOCK_DGRAM), "offline"),
    Probe("unix-raw", "send one from a raw unix socket", lambda t: _log(t, socket.SOCK_RAW), "offline"),
    Probe("unix-pair", "send one from a socket pair", _log_through_pair, "offline"),
    Probe(
        "abstract",
        "connect to an abstract socket",
        lambda t: _connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + t.abstract),
        "offline",
    ),
    Probe(
        "abstract-listen",
        "listen on an abstract socket",
        lambda t: _listen(socket.AF_UNIX, "\0" + t.abstract + "2"),
        "offline",
    ),
    Probe(
        "own-socket",
        "connect to the server's own socket",
        lambda t: _connect(socket.AF_UNIX, socket.SOCK_STREAM, t.own),
    ),
)
