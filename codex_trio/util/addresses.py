"""Web addresses: whether they can be used, whom they name, and how they are shown.

Owns: taking user and password out of addresses, by themselves or in what is shown to people. Does not own: what
addresses are for.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit

HIDDEN = "***"
"""Stands in a shown address for the user and password in it."""

_AUTHORITY_CREDENTIALS = re.compile(r"(?<=//)[^/?#]*@")
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS_IN_TEXT = re.compile(r"(?<=://)[^\s/\"'?#]*@")
_ANY_CREDENTIALS = re.compile(r"(?<=//).*@", re.DOTALL)


def is_web_address(url: str) -> bool:
    """Return whether a URL names a host that HTTP can reach."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def without_credentials(url: str) -> str:
    """Return a usable address without the user and password in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def credentials_in(url: str) -> tuple[str, str] | None:
    """Return the user and password in a usable address."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def shown_address(url: str) -> str:
    """Return an address for people to read, whatever it is: it hides who is let in with which password."""
    # Where it is no web address, a slash may be part of the password.
    hidden = _ANY_CREDENTIALS if url.lstrip().startswith("http") and not is_web_address(url) else _AUTHORITY_CREDENTIALS
    return hidden.sub(f"{HIDDEN}@", url)


def shown_text(text: str) -> str:
    """Return a text of which addresses may be a part, with as many stars for their users and passwords."""
    return _CREDENTIALS_IN_TEXT.sub(lambda found: "*" * (len(found[0]) - 1) + "@", text)


def shown_values(value: Any) -> Any:
    """Return a value with all that is in it, where texts that are addresses hide their users and passwords."""
    match value:
        case str() if "@" in value and _SCHEME.match(value):
            return shown_address(value)
        case dict():
            return {key: shown_values(inner) for key, inner in cast("dict[str, Any]", value).items()}
        case list():
            return [shown_values(inner) for inner in cast("list[Any]", value)]
        case _:
            return value
