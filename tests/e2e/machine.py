"""Becomes a program on a machine of its own: run in a new network namespace, with a socket to hand its cable out over.

`python machine.py SOCKET ADDRESS PROGRAM [ARGUMENT]...`. What is written to the cable arrives here, and the other way
round. Needs the right to make network devices in the namespace.
"""

import contextlib
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

NAME = b"road"
TUNSETIFF = 0x400454CA
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
IFF_TUN, IFF_NO_PI, IFF_UP = 0x0001, 0x1000, 0x0001


def address(text: str) -> bytes:
    return struct.pack("16sH2s4s8x", NAME, socket.AF_INET, b"", socket.inet_aton(text))


def lay_cable(own: str) -> int:
    """Return the other end of the only network device here but loopback."""
    cable = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(cable, TUNSETIFF, struct.pack("16sH22x", NAME, IFF_TUN | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as settings:
        fcntl.ioctl(settings, SIOCSIFADDR, address(own))
        fcntl.ioctl(settings, SIOCSIFNETMASK, address("255.255.255.0"))
        for name in (NAME, b"lo"):
            fcntl.ioctl(settings, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP))
    return cable


def main() -> None:
    _, number, own, *command = sys.argv
    with contextlib.suppress(OSError):
        # Otherwise TCP tries again ever more rarely, and the test waits for it. Only newer kernels can be told.
        Path("/proc/sys/net/ipv4/tcp_rto_max_ms").write_text("1000")
    with socket.socket(fileno=int(number)) as channel:
        socket.send_fds(channel, [b"."], [lay_cable(own)])
    os.execv(command[0], command)


main()
