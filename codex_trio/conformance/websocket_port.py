"""The port of a server that listens with `--listen ws://`: a peer that decides on every byte, and what it is answered.

Owns raw HTTP to that port and the table of answers, which the listener's own tests use too. Does not own websocket
clients (`listening`).
"""

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import trio

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}

_READ_BYTES = 65536


@dataclass(frozen=True)
class Response:
    """An answer as it came; header names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


class RawPeer:
    """A TCP connection to the port."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self.stream.send_all(data)

    async def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, version: str = "1.1"
    ) -> None:
        """Send the head of a request."""
        lines = [f"{method} {target} HTTP/{version}", "Host: x"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def response(self, *, to_head: bool = False) -> Response:
        """Read the next answer."""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += await self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        _, status, reason = status_line.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = 0 if to_head else int(headers.get("content-length", "0"))
        body = await self.exactly(length)
        return Response(int(status), reason, headers, body)

    async def exactly(self, count: int) -> bytes:
        """Read so many bytes."""
        while len(self._buffer) < count:
            self._buffer += await self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    async def rest(self) -> bytes:
        """Read until the server closes; a reset ends it too."""
        with contextlib.suppress(EOFError, trio.BrokenResourceError):
            while True:
                self._buffer += await self._more()
        data, self._buffer = self._buffer, b""
        return data

    async def upgrade(self, target: str = "/", headers: Mapping[str, str] | None = None) -> Response:
        """Ask for a websocket."""
        await self.request("GET", target, {**UPGRADE, **(headers or {})})
        return await self.response()

    async def _more(self) -> bytes:
        data = await self.stream.receive_some(_READ_BYTES)
        if not data:
            raise EOFError("the server closed the connection")
        return bytes(data)


@contextlib.asynccontextmanager
async def raw_peer(host: str, port: int) -> AsyncGenerator[RawPeer]:
    """Provide a connection to the port, cut at the end of the block."""
    stream = await trio.open_tcp_stream(host, port)
    try:
        yield RawPeer(stream)
    finally:
        await trio.aclose_forcefully(stream)


@dataclass(frozen=True)
class Exchange:
    """A request, and the only answer that clients can rely on."""

    method: str
    target: str
    headers: Mapping[str, str]
    status: int
    body: str = ""


def without(*names: str) -> dict[str, str]:
    """Return the headers of an upgrade without some of them."""
    return {name: value for name, value in UPGRADE.items() if name not in names}


NO_UPGRADE = "Connection header did not include 'upgrade'"
NO_WEBSOCKET = "`Upgrade` header did not include 'websocket'"
NO_KEY = "`Sec-WebSocket-Key` header missing"
NO_VERSION = "`Sec-WebSocket-Version` header did not include '13'"
NO_GET = "Request method must be `GET`"

EXCHANGES = (
    Exchange("GET", "/readyz", {}, 200),
    Exchange("GET", "/healthz?verbose", {}, 200),
    Exchange("HEAD", "/readyz", {}, 200),
    Exchange("HEAD", "/healthz", {}, 200),
    Exchange("GET", "http://x/readyz", {}, 200),
    Exchange("GET", "/readyz", UPGRADE, 200),
    Exchange("POST", "/readyz", {"Content-Length": "0"}, 405),
    Exchange("OPTIONS", "/healthz", {}, 405),
    Exchange("GET", "/readyz", {"Origin": "null"}, 403),
    Exchange("GET", "/", UPGRADE | {"Origin": "http://a"}, 403),
    Exchange("POST", "/x", {"Origin": ""}, 403),
    Exchange("GET", "/", {}, 400, NO_UPGRADE),
    Exchange("GET", "/readyz/", {}, 400, NO_UPGRADE),
    Exchange("GET", "//readyz", {}, 400, NO_UPGRADE),
    Exchange("GET", "/%72eadyz", {}, 400, NO_UPGRADE),
    Exchange("GET", "/", without("Connection"), 400, NO_UPGRADE),
    Exchange("GET", "/", UPGRADE | {"Connection": "keep-alive"}, 400, NO_UPGRADE),
    Exchange("GET", "/", without("Upgrade"), 400, NO_WEBSOCKET),
    Exchange("GET", "/", UPGRADE | {"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAA"}, 400, NO_WEBSOCKET),
    Exchange("GET", "/", UPGRADE | {"Upgrade": "h2c, websocket"}, 400, NO_WEBSOCKET),
    Exchange("GET", "/", without("Sec-WebSocket-Key", "Sec-WebSocket-Version"), 400, NO_KEY),
    Exchange("GET", "/", without("Sec-WebSocket-Version"), 400, NO_VERSION),
    Exchange("GET", "/", UPGRADE | {"Sec-WebSocket-Version": "12"}, 400, NO_VERSION),
    Exchange("POST", "/", UPGRADE, 405, NO_GET),
    Exchange("HEAD", "/", UPGRADE, 405),
    Exchange("CONNECT", "x:1", {}, 405, NO_GET),
)

UPGRADES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/", {}),
    ("/any/path?and=query", {}),
    ("/", {"Connection": "keep-alive, uPgrade"}),
    ("/", {"Upgrade": "WebSocket"}),
    ("/", {"Sec-WebSocket-Protocol": "a, b", "Sec-WebSocket-Extensions": "permessage-deflate"}),
)
"""Targets and headers that are granted a websocket where no authentication is asked for."""

UNPARSABLE = (
    b"hello\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\r\n\r\n",
    b"GET /readyz HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /readyz HTTP/2.0\r\nHost: x\r\n\r\n",
    b"POST /readyz HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
)


async def check_exchange(peer: RawPeer, exchange: Exchange) -> None:
    """Make an exchange, and check all of the answer that clients can see."""
    await peer.request(exchange.method, exchange.target, exchange.headers)
    head = exchange.method == "HEAD"
    response = await peer.response(to_head=head)
    assert (response.status, response.body.decode()) == (exchange.status, exchange.body), exchange
    expected = {"date": response.headers["date"], "content-length": response.headers["content-length"]}
    if exchange.body:
        expected |= {"content-type": "text/plain; charset=utf-8", "content-length": str(len(exchange.body))}
    if exchange.status == 405 and exchange.target in ("/readyz", "/healthz"):
        expected["allow"] = "GET,HEAD"
    if head and exchange.status == 405:
        # As long as what a GET would be told, and without it.
        expected |= {"content-type": "text/plain; charset=utf-8", "content-length": str(len(NO_GET))}
    assert response.headers == expected, exchange


def check_upgrade(response: Response) -> None:
    """Check that a websocket was granted, and nothing else."""
    assert (response.status, response.reason) == (101, "Switching Protocols")
    expected = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-accept": ACCEPT}
    assert response.headers == expected | {"date": response.headers["date"]}


def signed_token(
    claims: object,
    secret: bytes,
    *,
    header: object = None,
    algorithm: str = "sha256",
    raw: bytes | None = None,
) -> bytes:
    """Return a JSON Web Token by the book, or as far from it as asked; `raw` is sent in place of claims."""
    head = json.dumps({"alg": "HS256"} if header is None else header).encode()
    body = json.dumps(claims).encode() if raw is None else raw
    signed_part = base64url(head) + b"." + base64url(body)
    return signed_part + b"." + base64url(hmac.new(secret, signed_part, algorithm).digest())


def base64url(data: bytes) -> bytes:
    """Return the encoding of a token's parts."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sha256_hex(token: str) -> str:
    """Return what `--ws-token-sha256` takes for a token."""
    return hashlib.sha256(token.encode()).hexdigest()
