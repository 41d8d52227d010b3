"""A server behind an address: every message of ours is a POST; answers come as JSON or as a stream of events.

Owns: the headers, the session id, and bringing all that comes into one order. Does not own: connections (`model.http`).

Protocol source: Model Context Protocol, revision 2025-06-18, streamable HTTP.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpGone
from codex_trio.extensions.mcp.session import REVISION, messages_of
from codex_trio.extensions.mcp.settings import HttpAddress
from codex_trio.model.http import HttpFailure, HttpResponse, HttpTransport
from codex_trio.model.lenient_json import UnreadableJson
from codex_trio.model.sse import SseError, SseParser
from codex_trio.util.addresses import is_web_address, shown_address

MAX_ANSWER_BYTES = 64 << 20
_SESSION = "mcp-session-id"
_NO_RESULT = -32000
_IDLE_SECONDS = 24 * 3600.0
"""Requests have time limits of their own; a stream may be silent for as long."""


class HttpChannel:
    """See the module."""

    def __init__(
        self, url: str, headers: Mapping[str, str], *, transport: HttpTransport, nursery: trio.Nursery
    ) -> None:
        self._url = url
        self._headers = dict(headers)
        self._transport = transport
        self._nursery = nursery
        self._sender, self._receiver = trio.open_memory_channel[bytes | McpGone](math.inf)

    async def send(self, message: bytes) -> None:
        try:
            response = await self._transport.post(
                self._url,
                headers={
                    "content-type": "application/json",
                    "accept": "application/json, text/event-stream",
                    **self._headers,
                },
                body=message,
                idle_timeout=_IDLE_SECONDS,
            )
        except HttpFailure as failure:
            raise McpGone(f"{shown_address(self._url)}: {failure}") from failure
        if response.status >= 300:
            await self._refuse(response)
        session = response.headers.get("mcp-session-id")
        if session is not None:
            self._headers[_SESSION] = session
        self._headers["mcp-protocol-version"] = REVISION
        self._nursery.start_soon(self._read, response, _request_id(message))

    async def receive(self) -> bytes | None:
        received = await self._receiver.receive()
        if isinstance(received, McpGone):
            raise received
        return received

    async def _refuse(self, response: HttpResponse) -> NoReturn:
        body = (await response.receive_error_body()).decode(errors="replace").strip()
        await response.aclose(drain=False)
        hint = " (log in, or set bearer_token_env_var)" if response.status == 401 else ""
        gone = McpGone(f"{shown_address(self._url)}: HTTP status {response.status}{hint} {body[:500]}".rstrip())
        if response.status == 404 and _SESSION in self._headers:
            # The server has forgotten the session: only a new one can go on.
            self._sender.send_nowait(gone)
        raise gone

    async def _read(self, response: HttpResponse, request_id: Any) -> None:
        """Pass on what an answer brings. One without the result of its request is a failure of that request alone."""
        problem = "the server ended its answer without a result"
        answered = request_id is None
        try:
            async for message in _messages(response):
                answered = answered or _answers(message, request_id)
                self._sender.send_nowait(message)
        except (HttpFailure, SseError, McpGone) as failure:
            problem = str(failure)
        finally:
            with trio.CancelScope(shield=True):
                await response.aclose(drain=True)
        if not answered:
            error = {"code": _NO_RESULT, "message": problem}
            self._sender.send_nowait(msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "error": error}))


async def _messages(response: HttpResponse) -> AsyncIterator[bytes]:
    """Yield what an answer consists of: its events, or its whole body."""
    if "event-stream" in response.headers.get("content-type", ""):
        parser = SseParser()
        while (data := await response.receive()) is not None:
            for event in parser.feed(data):
                yield event.data
        return
    body = bytearray()
    while (data := await response.receive()) is not None:
        body += data
        if len(body) > MAX_ANSWER_BYTES:
            raise McpGone(f"an answer has more than {MAX_ANSWER_BYTES} bytes")
    if body.strip():
        yield bytes(body)


def _request_id(message: bytes) -> Any:
    """Return the id of a request of ours; None for what has no answer."""
    envelope = msgspec.json.decode(message)
    return envelope.get("id") if "method" in envelope else None


def _answers(message: bytes, request_id: Any) -> bool:
    """Return whether a message, or one of a batch, is the answer to a request."""
    try:
        parts = messages_of(message)
    except UnreadableJson:
        return False
    return any(part.get("id") == request_id and "method" not in part for part in parts)


@asynccontextmanager
async def open_http(
    name: str, server: HttpAddress, *, transport: HttpTransport, environ: Mapping[str, str]
) -> AsyncGenerator[HttpChannel]:
    """Provide the channel to an address. Raises McpGone."""
    if not is_web_address(server.url):
        raise McpGone(f"{shown_address(server.url)} is no address that HTTP can reach")
    headers = {key.lower(): value for key, value in server.headers.items()}
    for key, variable in server.env_headers.items():
        if variable in environ:
            headers[key.lower()] = environ[variable]
    if server.bearer_token_env_var is not None:
        token = environ.get(server.bearer_token_env_var)
        if not token:
            raise McpGone(f"Environment variable {server.bearer_token_env_var} for MCP server '{name}' is not set")
        headers["authorization"] = f"Bearer {token}"
    async with trio.open_nursery() as nursery:
        yield HttpChannel(server.url, headers, transport=transport, nursery=nursery)
        nursery.cancel_scope.cancel()
