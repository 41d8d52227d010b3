"""Which requests go by a proxy, as the environment says.

Owns: reading `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` (in either case). Pure.
Does not own: connections (`http`).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from codex_trio.util.addresses import is_loopback, is_web_address, without_credentials

_PORTS = {"http": 80, "https": 443}


class UnusableProxy(ValueError):
    """The environment names a proxy that is none. The text does not show it: it may hold a password."""


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy for requests to an address; None to connect directly, as always to this machine.

    Raises UnusableProxy.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or _PORTS.get(parts.scheme)
    if is_loopback(host):
        return None
    if any(_excludes(entry, host, port) for entry in _value(environ, "NO_PROXY").replace(",", " ").split()):
        return None
    names = (f"{parts.scheme.upper()}_PROXY", "ALL_PROXY")
    name = next((name for name in names if _value(environ, name)), None)
    if name is None:
        return None
    proxy = _value(environ, name)
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not is_web_address(proxy):
        raise UnusableProxy(f"the proxy that {name} names in the environment is not an http:// or https:// address")
    return proxy


def on_the_way(url: str, environ: Mapping[str, str]) -> str:
    """Return what to add to the failure of a request: by which proxy it went, if by one. Raises UnusableProxy."""
    proxy = proxy_for(url, environ)
    return "" if proxy is None else f" (by the proxy {without_credentials(proxy)} of the environment)"


def _value(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(name.lower()) or environ.get(name) or "").strip()


def _excludes(entry: str, host: str, port: int | None) -> bool:
    """Return whether one entry of `NO_PROXY` means a host: a name, a domain, a pattern, an address or a range of them.

    An entry may have a port, and then means that port only.
    """
    entry = entry.lower()
    if "://" in entry:
        entry = entry.partition("://")[2].partition("/")[0]
    name, wanted_port = _split_port(entry)
    if wanted_port is not None and wanted_port != port:
        return False
    address = _address(host)
    if address is not None and (means := _means_address(name, address)) is not None:
        return means
    name = name.rstrip(".")
    if name == "*":
        return True
    if "*" in name.removeprefix("*."):
        return fnmatch.fnmatchcase(host, name.replace("[", "[[]"))
    domain = name.removeprefix("*").lstrip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    """Return an entry and its port. An address of IPv6 has one only behind brackets."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        # A range may be written with brackets around the address alone.
        return (f"{name}{rest}", None) if rest.startswith("/") else (name, _port(rest.removeprefix(":")))
    name, colon, port = entry.rpartition(":")
    if not colon or ":" in name:
        return entry, None
    return name, _port(port)


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _means_address(name: str, address: IPv4Address | IPv6Address) -> bool | None:
    """Return whether an address is in a range or is the one named; None when the name is no address."""
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return None
