"""Where the server is asked to listen: the values of `--listen`. Sans-io.

Owns the syntax of listen URLs and the address types. Does not own binding (transport.websocket, transport.unix_socket)
nor whether an address may be served without authentication.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from pathlib import Path
from typing import TypeAlias

import msgspec


class ListenUrlError(ValueError):
    """Not a listen URL; the text says which forms there are."""


class ListenRefused(Exception):
    """The server must not, or cannot, listen as it was told to; the text says why and what would do."""


class StdioAddress(msgspec.Struct, frozen=True):
    """One client, on the process's own stdin and stdout."""


class NoAddress(msgspec.Struct, frozen=True):
    """No listener: clients come some other way, or not at all."""


class UnixAddress(msgspec.Struct, frozen=True):
    """A unix socket at `path`, which may be relative to the working directory; None is the default place."""

    path: Path | None


class WebsocketAddress(msgspec.Struct, frozen=True):
    """A TCP port of one literal address. Port 0 asks for any free one; `scope_id` is 0 where there is none."""

    ip: IPv4Address | IPv6Address
    port: int
    scope_id: int = 0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect. IPv4 addresses in IPv6 clothing do not count."""
        if isinstance(self.ip, IPv4Address):
            return self.ip.is_loopback
        return self.ip == IPv6Address("::1")

    def __str__(self) -> str:
        if isinstance(self.ip, IPv4Address):
            return f"{self.ip}:{self.port}"
        # Not left to `str`, whose form of mapped addresses changed between releases of Python.
        mapped = self.ip.ipv4_mapped
        ip = f"::ffff:{mapped}" if mapped is not None else self.ip.compressed.partition("%")[0]
        scope = f"%{self.scope_id}" if self.scope_id else ""
        return f"[{ip}{scope}]:{self.port}"


ListenAddress: TypeAlias = StdioAddress | WebsocketAddress | UnixAddress | NoAddress

_SOCKET_ADDRESS = re.compile(r"(?:(?P<v4>[0-9.]+)|\[(?P<v6>[0-9a-fA-F:.]+)(?:%(?P<scope>[0-9]+))?\]):(?P<port>[0-9]+)")
_MAX_PORT = 2**16 - 1
_MAX_SCOPE_ID = 2**32 - 1


def parse_listen_url(url: str) -> ListenAddress:
    """Read one of `stdio://`, `ws://IP:PORT`, `unix://`, `unix://PATH` and `off`, to the letter.

    Raises:
        ListenUrlError: it is none of them.
    """
    if url == "stdio://":
        return StdioAddress()
    if url == "off":
        return NoAddress()
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "unix":
        return UnixAddress(Path(rest) if rest else None)
    if separator and scheme == "ws":
        address = _socket_address(rest)
        if address is None:
            raise ListenUrlError(f"invalid websocket --listen URL `{url}`; expected `ws://IP:PORT`")
        return address
    raise ListenUrlError(
        f"unsupported --listen URL `{url}`; expected `stdio://`, `unix://`, `unix://PATH`, `ws://IP:PORT`, or `off`"
    )


def _socket_address(text: str) -> WebsocketAddress | None:
    match = _SOCKET_ADDRESS.fullmatch(text)
    if match is None:
        return None
    port = _number(match["port"], _MAX_PORT)
    scope_id = _number(match["scope"] or "0", _MAX_SCOPE_ID)
    if port is None or scope_id is None:
        return None
    try:
        ip = IPv4Address(match["v4"]) if match["v4"] else IPv6Address(match["v6"])
    except AddressValueError:
        return None
    return WebsocketAddress(ip, port, scope_id)


def _number(digits: str, limit: int) -> int | None:
    # Compared by length first: a number of thousands of digits is not worth computing, and int() would raise.
    digits = digits.lstrip("0") or "0"
    if len(digits) > len(str(limit)) or int(digits) > limit:
        return None
    return int(digits)
