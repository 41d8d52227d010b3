"""Where an environment is that is not this machine: the address of its exec-server, and what an address must be.

Owns the values and their checks. Does not own connecting (environments/remote), or the files and variables that name
such servers (environments/providers.py).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from codex_trio.environments.errors import UnusableEnvironment

CONNECT_SECONDS = 10.0
"""How long an exec-server may take to accept a connection, where nothing else is said."""

INITIALIZE_SECONDS = 10.0
"""How long it may then take to answer the first request."""

LONGEST_SECONDS = 24 * 3600.0
"""What may be asked for of either."""

_SCHEMES = ("ws", "wss")
_VISIBLE = re.compile(r"[!-~]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


class WebsocketTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An exec-server that listens."""

    url: str
    token: str | None = None
    """Sent as the bearer token of the handshake."""
    request_id: str | None = None
    """Sent as its `x-request-id`."""
    connect_seconds: float = CONNECT_SECONDS

    def __repr__(self) -> str:
        return f"WebsocketTarget({self.url!r})"


class ProgramTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An exec-server that is started, and spoken to on its standard input and output."""

    argv: tuple[str, ...]
    environ: dict[str, str]
    """On top of the server's own variables."""
    cwd: str | None = None

    def __repr__(self) -> str:
        return f"ProgramTarget({self.argv[0]!r})"


class RemoteTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One of them, under the id that clients call it by."""

    id: str
    where: WebsocketTarget | ProgramTarget
    initialize_seconds: float = INITIALIZE_SECONDS


def check_headers(target: WebsocketTarget) -> None:
    """Refuse what cannot be sent in a handshake, and a token that everybody on the way could read.

    Raises UnusableEnvironment.
    """
    for name, value in (("authorization", target.token), ("x-request-id", target.request_id)):
        if value is not None and not _HEADER_VALUE.fullmatch(value):
            raise UnusableEnvironment(f"invalid value for exec-server WebSocket header `{name}`")
    has_headers = target.token is not None or target.request_id is not None
    if has_headers and urlsplit(target.url).scheme == "ws" and not _is_loopback(target.url):
        raise UnusableEnvironment("exec-server WebSocket headers require wss:// or a loopback destination")


def check_url(url: str) -> None:
    """Refuse what no exec-server can listen on. Raises UnusableEnvironment."""
    if not url:
        raise UnusableEnvironment("environment url cannot be empty")
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in _SCHEMES:
        raise UnusableEnvironment(f"environment url `{url}` must use ws:// or wss://")
    if not _VISIBLE.fullmatch(url):
        # Some would be dropped in silence, and another address asked.
        raise UnusableEnvironment(f"environment url `{scheme}://...` is invalid: only visible ASCII may be in it")
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise UnusableEnvironment(f"environment url `{url}` is invalid: {error}") from error
    if not is_usable or "@" in parts.netloc:
        raise UnusableEnvironment(f"environment url `{scheme}://...` is invalid: it needs a host, and no credentials")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
