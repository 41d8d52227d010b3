"""Asking login servers: small JSON answers from addresses that others have named.

Owns the bounds: how much, how long, which addresses, and that nobody is sent on elsewhere. Does not own connections
(`model.http`), or what answers mean.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpFailure
from codex_trio.model.http import HttpResponse, HttpTransport
from codex_trio.model.http_failures import HttpFailure
from codex_trio.model.lenient_json import TOO_DEEP, UnreadableJson, is_too_deep
from codex_trio.util.addresses import is_loopback, is_web_address, shown_address

MAX_BYTES = 256 << 10
SECONDS = 10.0

_UNAUTHORIZED = 401
_PING = b'{"jsonrpc":"2.0","id":0,"method":"ping"}'


class OAuthFailure(McpFailure):
    """A login, or the renewal of one, did not work; the text says why."""


class WebAnswer(msgspec.Struct, frozen=True):
    """What an address answered; None where it is no JSON object."""

    status: int
    headers: Mapping[str, str]
    table: dict[str, Any] | None


class OAuthWeb:
    """Asks on behalf of one MCP server, whose address says where requests may go.

    What a server on the web names must be reached by TLS, and is neither on this machine nor an address that only some
    network inside has; one on this machine may name others here.
    """

    def __init__(self, transport: HttpTransport, server_url: str, *, seconds: float = SECONDS) -> None:
        self._transport = transport
        host = urlsplit(server_url).hostname or ""
        self._is_local = _is_here(host)
        self._is_inside = self._is_local or _is_inside(host)
        self._server_url = server_url
        self._seconds = seconds

    def start_soon(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something to its end, whoever has asked for it, as long as there are connections at all."""
        self._transport.start_soon(work)

    def check(self, url: str, what: str) -> str:
        """Return an address that may be asked, or shown to the user. Raises OAuthFailure."""
        if not is_web_address(url):
            raise OAuthFailure(f"{what} is no web address: {url[:200]!r}")
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise OAuthFailure(f"{what} has a user or a password in it: {shown_address(url)}")
        here = _is_here(parts.hostname or "")
        if here and not self._is_local:
            raise OAuthFailure(f"{what} is on this machine, though the server is not: {url[:200]}")
        if not self._is_inside and _is_inside(parts.hostname or ""):
            raise OAuthFailure(f"{what} is an address of a private network, which the server's is not: {url[:200]}")
        if parts.scheme != "https" and not (here or same_origin(url, self._server_url)):
            raise OAuthFailure(f"{what} is not reached by https: {url[:200]}")
        return url

    async def get(self, url: str, what: str, *, accept: str = "application/json") -> WebAnswer:
        """Return what is at an address. Raises OAuthFailure."""
        return await self._ask("GET", url, what, {"accept": accept}, None)

    async def refusal_of(self, url: str) -> Mapping[str, str]:
        """Return the headers by which the server itself refuses those who are not logged in; none where it does not.

        Every server takes messages by POST, few are asked for anything else. A ping begins no session.
        """
        sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        answer = await self._ask("POST", url, "the server", sent, _PING, takes_body=False)
        if answer.status != _UNAUTHORIZED:
            accepts = {"accept": "text/event-stream"}
            answer = await self._ask("GET", url, "the server", accepts, None, takes_body=False)
        return answer.headers if answer.status == _UNAUTHORIZED else {}

    async def post_json(self, url: str, what: str, value: Any) -> WebAnswer:
        """Send JSON. Raises OAuthFailure."""
        return await self._ask("POST", url, what, _sent_as("application/json"), msgspec.json.encode(value))

    async def post_form(
        self, url: str, what: str, fields: Mapping[str, str], *, headers: Mapping[str, str]
    ) -> WebAnswer:
        """Send a form. Raises OAuthFailure."""
        sent = {**_sent_as("application/x-www-form-urlencoded"), **headers}
        return await self._ask("POST", url, what, sent, urlencode(fields).encode())

    async def _ask(
        self,
        method: str,
        url: str,
        what: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        takes_body: bool = True,
    ) -> WebAnswer:
        self.check(url, what)
        try:
            with trio.fail_after(self._seconds):
                response = await self._transport.request(
                    method, url, headers=list(headers.items()), body=body or b"", idle_timeout=self._seconds
                )
                try:
                    return await _answer(response, url, what) if takes_body else _head(response)
                finally:
                    await response.aclose(drain=False)
        except HttpFailure as failure:
            raise OAuthFailure(f"{what} cannot be reached at {url}: {failure}") from failure
        except trio.TooSlowError:
            raise OAuthFailure(f"{what} did not answer in {self._seconds:g} seconds: {url}") from None


def _is_here(host: str) -> bool:
    address = _address(host)
    if address is None:
        return is_loopback(host.rstrip("."))
    return address.is_loopback or address.is_unspecified


def _is_inside(host: str) -> bool:
    address = _address(host)
    return address is not None and not address.is_global


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is written as, in any form that is connected to; None for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        try:
            # `127.1` and `0x7f000001` are addresses too.
            return IPv4Address(inet_aton(host)) if host[:1].isdigit() else None
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def same_origin(one: str, other: str) -> bool:
    """Return whether two addresses are of one server."""
    return origin_of(one) == origin_of(other)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a usable address, in one form."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


async def _answer(response: HttpResponse, url: str, what: str) -> WebAnswer:
    if 300 <= response.status < 400:
        raise OAuthFailure(f"{what} sends on to another address, which is not followed: {url}")
    body = bytearray()
    while (data := await response.receive()) is not None:
        body += data
        if len(body) > MAX_BYTES:
            raise OAuthFailure(f"{what} answers with more than {MAX_BYTES} bytes: {url}")
    return WebAnswer(response.status, response.headers, _table(bytes(body)))


def _head(response: HttpResponse) -> WebAnswer:
    return WebAnswer(response.status, response.headers, None)


def _table(body: bytes) -> dict[str, Any] | None:
    try:
        value: Any = msgspec.json.decode(body)
        if is_too_deep(value):
            raise UnreadableJson(TOO_DEEP)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableJson):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _sent_as(content_type: str) -> dict[str, str]:
    return {"content-type": content_type, "accept": "application/json"}
