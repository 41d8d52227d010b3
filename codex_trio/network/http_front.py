"""An HTTP proxy: tunnels by CONNECT, and plain requests, one a connection.

Owns what is read of a request and how it is passed on. Does not own the connection (`gate`), the bytes of a tunnel
(`relay`), or what is in it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import h11
import msgspec
import trio

from codex_trio.config.host_lists import normal_host
from codex_trio.execpolicy.rules import NetworkProtocol
from codex_trio.network.gate import HostRefused, Opener
from codex_trio.network.judging import HostAttempt, Refusal, RefusalKind
from codex_trio.network.relay import Relay

_MOST_HEAD = 1 << 16
_HEAD_SECONDS = 30.0
_PIECE = 1 << 16
_HTTP_PORT, _HTTPS_PORT = 80, 443
_FOR_THE_PROXY = frozenset(
    {
        b"connection",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)
_WORDS: dict[RefusalKind, str] = {
    "denied": "blocked-by-denylist",
    "not_allowed": "blocked-by-allowlist",
    "not_allowed_local": "blocked-by-allowlist",
    "method_not_allowed": "blocked-by-method-policy",
}


class _BadRequest(Exception):
    """What was said is no request that a proxy can pass on; the message says why."""


async def serve_http(client: trio.SocketStream, gate: Opener) -> None:
    """Serve one connection to its end."""
    heard = _Heard(client)
    try:
        with trio.fail_after(_HEAD_SECONDS):
            request = await heard.request()
        attempt, target = _wanted(request)
    except (_BadRequest, h11.RemoteProtocolError) as error:
        await client.send_all(_answer(400, f"{error}\n", kind="text/plain"))
        return
    except (trio.TooSlowError, EOFError):
        return
    try:
        upstream = await gate.open(attempt)
    except HostRefused as refused:
        await client.send_all(_refused(refused.refusal, attempt))
        return
    async with upstream:
        if request.method == b"CONNECT":
            await client.send_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await upstream.send_all(heard.rest)
            await Relay().run(client, upstream)
        else:
            await _pass_on(heard, request, attempt, target, upstream)


class _Heard:
    """What a client says, event by event."""

    def __init__(self, client: trio.SocketStream) -> None:
        self.client = client
        self.connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_MOST_HEAD)

    @property
    def rest(self) -> bytes:
        """What was said behind the request."""
        return self.connection.trailing_data[0]

    async def request(self) -> h11.Request:
        event = await self.event()
        if not isinstance(event, h11.Request):
            raise EOFError
        return event

    async def event(self) -> h11.Event:
        while True:
            event = self.connection.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                raise EOFError
            self.connection.receive_data(await self.client.receive_some(_PIECE))


def _wanted(request: h11.Request) -> tuple[HostAttempt, bytes]:
    """Return what is to be connected to, and what is asked for there."""
    target = request.target.decode("ascii", errors="replace")
    if request.method == b"CONNECT":
        return _attempt(f"//{target}", _HTTPS_PORT, "https"), b""
    if not target.lower().startswith("http://"):
        raise _BadRequest("This is a proxy: it takes CONNECT HOST:PORT, and requests for http://HOST/.")
    attempt = _attempt(target, _HTTP_PORT, "http")
    parts = urlsplit(target)
    asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return msgspec.structs.replace(attempt, method=request.method.decode("ascii")), asked.encode("ascii", "replace")


def _attempt(url: str, usual_port: int, protocol: NetworkProtocol) -> HostAttempt:
    try:
        parts = urlsplit(url)
        port = usual_port if parts.port is None else parts.port
        host = normal_host(parts.hostname or "")
    except ValueError:
        host, port = "", 0
    if not host or not port:
        raise _BadRequest("The address names no host that can be reached.")
    return HostAttempt(host=host, port=port, protocol=protocol)


async def _pass_on(
    heard: _Heard, request: h11.Request, attempt: HostAttempt, target: bytes, upstream: trio.SocketStream
) -> None:
    """Pass on one request, and what is answered."""
    sender = h11.Connection(h11.CLIENT)
    head = h11.Request(method=request.method, target=target, headers=_headers(request, attempt))
    relay = Relay()

    async def send() -> None:
        try:
            await upstream.send_all(sender.send(head) or b"")
            if heard.connection.they_are_waiting_for_100_continue:
                await heard.client.send_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            while True:
                event = await heard.event()
                await upstream.send_all(sender.send(event) or b"")
                relay.note()
                if isinstance(event, h11.EndOfMessage):
                    break
            # What it says now is for nobody; when it goes, its host has no more than a while to answer.
            while await heard.client.receive_some(_PIECE):
                pass
            relay.half_closed()
        except (h11.ProtocolError, EOFError, trio.BrokenResourceError):
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await relay.until_end(upstream, heard.client)
        nursery.cancel_scope.cancel()


def _headers(request: h11.Request, attempt: HostAttempt) -> list[tuple[bytes, bytes]]:
    """Return what the host is told: of the host that was judged, and nothing that is between us and the client."""
    named = {
        name.strip().lower() for key, value in request.headers if key == b"connection" for name in value.split(b",")
    }
    host = f"[{attempt.host}]" if ":" in attempt.host else attempt.host
    host = host if attempt.port == _HTTP_PORT else f"{host}:{attempt.port}"
    kept = [(name, value) for name, value in request.headers if name not in _FOR_THE_PROXY | named]
    return [(b"host", host.encode()), *kept, (b"connection", b"close")]


def _refused(refusal: Refusal, attempt: HostAttempt) -> bytes:
    if refusal.kind == "unreachable":
        return _answer(502, f"{refusal.message}\n", kind="text/plain")
    reason = (("x-proxy-error", _WORDS[refusal.kind]),)
    if attempt.protocol != "http":
        return _answer(403, f"{refusal.message}\n", kind="text/plain", headers=reason)
    told = {
        "status": "blocked",
        "host": refusal.host,
        "reason": refusal.kind,
        "decision": "deny",
        "protocol": attempt.protocol,
        "port": refusal.port,
        "message": refusal.message,
    }
    return _answer(403, msgspec.json.encode(told).decode(), kind="application/json", headers=reason)


def _answer(status: int, text: str, *, kind: str, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    reason = {400: "Bad Request", 403: "Forbidden", 502: "Bad Gateway"}[status]
    body = text.encode()
    lines = [
        f"HTTP/1.1 {status} {reason}",
        f"content-type: {kind}",
        *(f"{name}: {value}" for name, value in headers),
        f"content-length: {len(body)}",
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
