"""A scripted server of the Model Context Protocol behind an address, with a login server of its own, for tests.

Owns a small server that does all as it should, and where its answers are exchanged for others. Nothing here is safe: it
lets everybody log in.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import msgspec
import trio

RESOURCE = "/.well-known/oauth-protected-resource/mcp"
METADATA = "/.well-known/oauth-authorization-server"
GREETING: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "web", "version": "1"},
}


class WebRequest(msgspec.Struct, frozen=True):
    """What a client asked for; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The address without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query of the address."""
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def form(self) -> dict[str, str]:
        """A form in the body."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def json(self) -> Any:
        """JSON in the body."""
        return msgspec.json.decode(self.body)


class WebReply(msgspec.Struct, frozen=True):
    """An answer. One that `hangs` never ends."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = {}
    hangs: bool = False


Answer = Callable[[WebRequest], WebReply | Awaitable[WebReply]]


class McpWebServer:
    """See the module. `answers` by path may be exchanged at any time.

    `needs_login` says whether only who is logged in is let in, `expires_in` for how many seconds tokens are good.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.url = f"{base}/mcp"
        self.requests: list[WebRequest] = []
        self.needs_login = True
        self.expires_in: int | None = 3600
        self.tokens: set[str] = set()
        self.refresh_token = "refresh-0"
        self.resource: dict[str, Any] = {
            "resource": self.url,
            "authorization_servers": [base],
            "scopes_supported": ["read"],
        }
        self.metadata: dict[str, Any] = {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "registration_endpoint": f"{base}/register",
            "code_challenge_methods_supported": ["S256"],
        }
        self.challenge = f'Bearer resource_metadata="{base}{RESOURCE}"'
        self.answers: dict[str, Answer] = {
            RESOURCE: lambda _request: WebReply(body=self.resource),
            METADATA: lambda _request: WebReply(body=self.metadata),
            "/register": self._register,
            "/token": self._give_token,
            "/mcp": self._speak,
        }
        self._challenges: dict[str, str] = {}
        self._given = 0

    def of(self, path: str, method: str | None = None) -> list[WebRequest]:
        """Return the requests for a path."""
        return [made for made in self.requests if made.path == path and method in (None, made.method)]

    def authorize(self, url: str) -> str:
        """Do as a browser whose user agrees; return the address that it is sent back to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{len(self._challenges)}"
        self._challenges[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    async def answer(self, request: WebRequest) -> WebReply:
        """Return what a request is answered with."""
        self.requests.append(request)
        found = self.answers.get(request.path)
        if found is None:
            return WebReply(404)
        reply = found(request)
        return reply if isinstance(reply, WebReply) else await reply

    def _register(self, request: WebRequest) -> WebReply:
        return WebReply(201, {**request.json, "client_id": "client-1"})

    def _give_token(self, request: WebRequest) -> WebReply:
        form = request.form
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh_token:
                return WebReply(400, {"error": "invalid_grant"})
        elif self._challenges.pop(form["code"], None) != _challenge_of(form["code_verifier"]):
            return WebReply(400, {"error": "invalid_grant", "error_description": "wrong verifier"})
        self._given += 1
        token = f"token-{self._given}"
        self.refresh_token = f"refresh-{self._given}"
        self.tokens.add(token)
        given = {"access_token": token, "token_type": "Bearer", "refresh_token": self.refresh_token, "scope": "read"}
        return WebReply(body=given if self.expires_in is None else {**given, "expires_in": self.expires_in})

    def _speak(self, request: WebRequest) -> WebReply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.needs_login and token not in self.tokens:
            return WebReply(401, headers={"www-authenticate": self.challenge})
        if request.method != "POST":
            return WebReply(405 if request.method == "GET" else 200)
        message = request.json
        if "id" not in message:
            return WebReply(202)
        results: dict[str, Any] = {
            "initialize": GREETING,
            "tools/list": {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]},
        }
        result = results.get(message["method"], {"content": []})
        return WebReply(
            body={"jsonrpc": "2.0", "id": message["id"], "result": result}, headers={"mcp-session-id": "session-1"}
        )


def events(*messages: Any, ids: bool = False) -> bytes:
    """Return messages as a stream of events, numbered from 1 if wanted."""
    parts = (
        (b"id: %d\n" % number if ids else b"") + b"data: " + msgspec.json.encode(message) + b"\n\n"
        for number, message in enumerate(messages, start=1)
    )
    return b"".join(parts)


@asynccontextmanager
async def open_mcp_web_server() -> AsyncGenerator[McpWebServer]:
    """Provide a running server."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = McpWebServer(f"http://127.0.0.1:{listener.socket.getsockname()[1]}")

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            try:
                await _serve(stream, server)
            except (trio.BrokenResourceError, h11.RemoteProtocolError):
                return

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, [listener])
        yield server
        nursery.cancel_scope.cancel()


async def _serve(stream: trio.SocketStream, server: McpWebServer) -> None:
    http = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.receive_some(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            break
    if head is None:
        return
    headers = {name.decode(): value.decode() for name, value in head.headers}
    reply = await server.answer(WebRequest(head.method.decode(), head.target.decode(), headers, body))
    raw = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    framing = {} if reply.hangs else {"content-length": str(len(raw))}
    named = {"content-type": "application/json", **framing, "connection": "close", **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    await stream.send_all(f"HTTP/1.1 {reply.status} Whatever\r\n{lines}\r\n".encode() + raw)
    if reply.hangs:
        await trio.sleep_forever()


def _challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
