"""From a host's name to a connection: looked up once, and connected to what was judged.

Owns the seam that tests put names of their own into. Does not own the verdict (`judging`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Protocol

import trio

_LOOKUP_SECONDS = 15.0
_MOST_LOOKUPS = 16
_CONNECT_SECONDS = 15.0


class Unreachable(Exception):
    """No connection can be had; the message says why."""


class Dialer(Protocol):
    """Looks names up and connects to addresses."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, best first. Raises Unreachable."""
        ...

    async def connect(self, address: str, port: int) -> trio.SocketStream:
        """Connect to an address. Raises OSError, trio.TooSlowError."""
        ...


Found = Sequence[tuple[int, int, int, str, tuple[str | int, ...] | tuple[int, bytes]]]


def _resolved(host: str, port: int) -> Found:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class SystemDialer:
    """Uses this machine's resolver and network.

    `resolve` may block; it has threads of its own, and not many: nobody who works with files waits for names.
    """

    def __init__(self, resolve: Callable[[str, int], Found] = _resolved) -> None:
        self._resolve = resolve
        self._threads = trio.CapacityLimiter(_MOST_LOOKUPS)

    async def addresses(self, host: str, port: int) -> list[str]:
        try:
            with trio.fail_after(_LOOKUP_SECONDS):
                found = await trio.to_thread.run_sync(
                    self._resolve, host, port, abandon_on_cancel=True, limiter=self._threads
                )
        except trio.TooSlowError:
            raise Unreachable(f"its name was not found within {_LOOKUP_SECONDS:g} s") from None
        except OSError as error:
            raise Unreachable(f"its name was not found ({error.strerror or error})") from None
        except UnicodeError:
            raise Unreachable("its name cannot be looked up") from None
        return list(dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found))

    async def connect(self, address: str, port: int) -> trio.SocketStream:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        handle = trio.socket.socket(family, socket.SOCK_STREAM)
        try:
            with trio.fail_after(_CONNECT_SECONDS):
                await handle.connect((address, port))
        except BaseException:
            handle.close()
            raise
        return trio.SocketStream(handle)


async def connected(dialer: Dialer, addresses: list[str], port: int) -> trio.SocketStream:
    """Return a connection to the first address that can be reached. Raises Unreachable."""
    problem = "it has no address"
    for address in addresses:
        try:
            return await dialer.connect(address, port)
        except trio.TooSlowError:
            problem = f"{address} did not answer within {_CONNECT_SECONDS:g} s"
        except OSError as error:
            problem = f"{address}: {error.strerror or error}"
    raise Unreachable(problem)
