"""Which hosts commands may reach: lists of names and patterns, as a permission profile or an administrator has them.

Owns: their patterns, and what is read of a table. Does not own: the value (`settings`), what follows for one connection
(`network/judging`), nor who is asked.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from typing import Any, Final

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import HostLists

ANY_HOST: Final = "*"

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_NAME = 253
_NUMBERS = re.compile(r"[0-9][0-9a-fx.]*")
_READ_DIFFERENTLY = frozenset("\u00df\u03c2\u200c\u200d")
"""Characters that are another name to some programs than to others, by two versions of the same standard."""
_LOOSENING: Final[Mapping[str, str]] = {
    "allow_upstream_proxy": "connections are made directly, never through another proxy",
    "dangerously_allow_non_loopback_proxy": "the proxy can be reached from inside of the sandbox alone",
    "dangerously_allow_all_unix_sockets": "unix sockets cannot be opened to commands on this system",
    "enable_socks5_udp": "only TCP connections are passed on",
    "transparent_tcp": "programs reach the network by the proxy's variables alone",
    "credential_broker": "requests are passed on as they are",
    "mitm": "encrypted connections are passed on as they are",
}
"""What is not done here, and what is the case instead."""
_PLACES = ("proxy_url", "socks_url", "http_port", "socks_port")


def normal_host(text: str) -> str:
    """Return the one form of a host's name or address. Raises ValueError for what is neither.

    An address in fewer, octal or hexadecimal numbers is what resolvers take it for: no list is got around by `0x7f.1`.
    """
    host = text.strip().lower().removesuffix(".")
    if _READ_DIFFERENTLY.intersection(host):
        raise ValueError(f"`{text}` is not the same host to all programs: write the xn-- form that is meant")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if ":" in host:
        address = ipaddress.IPv6Address(host.partition("%")[0])
        return str(address.ipv4_mapped or address)
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"`{text}` is no host") from None
    if _NUMBERS.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            pass  # A name, such as 9a.de.
    if len(host) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, host.split("."))):
        raise ValueError(f"`{text}` is no host")
    return host


def matches(pattern: str, host: str) -> bool:
    """Return whether a pattern is about a host; both in their normal form."""
    if pattern == ANY_HOST:
        return True
    if pattern.startswith("**."):
        return host == pattern[3:] or host.endswith(pattern[2:])
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def read_lists(
    table: Mapping[str, Any],
    *,
    source: str,
    way_out: str = "",
    name: str = "network",
    closing: str = "set `enabled = false` to close the network",
) -> tuple[HostLists, list[str]]:
    """Return what a table says, and what of it is not done here. Raises ConfigLoadError for what cannot be meant.

    `name` is how the file calls the table, and `closing` how it is said there that nothing else may be reached.
    """
    warnings: list[str] = []
    for key, instead in _LOOSENING.items():
        if table.get(key):
            warnings.append(f"`{name}.{key}` of {source} is not supported and changes nothing: {instead}.")
    warnings += [
        f"`{name}.{key}` of {source} changes nothing: every command has a proxy of its own."
        for key in _PLACES
        if table.get(key)
    ]
    sockets: Mapping[str, str] = table.get("unix_sockets") or {}
    if "allow" in sockets.values() or table.get("allow_unix_sockets"):
        warnings.append(f"`{name}.unix_sockets` of {source} changes nothing: commands can open none on this system.")
    domains: Mapping[str, str] = table.get("domains") or {}
    allowed = [*(host for host, access in domains.items() if access == "allow"), *(table.get("allowed_domains") or ())]
    denied = [*(host for host, access in domains.items() if access != "allow"), *(table.get("denied_domains") or ())]
    place = f"`{name}.domains` of {source}"
    if ANY_HOST in denied:
        raise ConfigLoadError(f'{place} cannot deny "{ANY_HOST}": {closing}')
    lists = HostLists(
        source=source,
        allowed=_patterns(allowed, place),
        denied=_patterns(denied, place),
        reviewed=_patterns(table.get("review_domains") or (), place),
        is_final=bool(table.get("managed_allowed_domains_only")),
        allows_local=table.get("allow_local_binding"),
        reads_only=table.get("mode") == "limited",
        socks=table.get("enable_socks5", True),
        way_out=way_out,
    )
    return lists, warnings


def _patterns(given: Any, place: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_pattern(text, place) for text in given))


def _pattern(text: str, place: str) -> str:
    prefix = next((mark for mark in ("**.", "*.") if text.startswith(mark)), "")
    try:
        if text == ANY_HOST:
            return ANY_HOST
        host = normal_host(text.removeprefix(prefix))
        if not prefix or not _is_address(host):
            return prefix + host
    except ValueError:
        pass
    raise ConfigLoadError(
        f"`{text}` in {place} is no host: use exact names or addresses without a scheme, port or path, or wildcards "
        "like *.example.com (below it) or **.example.com (and itself). A name with \u00df, \u03c2 or joiners is to be "
        "written in its xn-- form"
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
