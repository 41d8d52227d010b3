"""A server behind an address: every message of ours is a POST; answers come as JSON or as a stream of events.

Owns: the headers, the session with its end, streams that are taken up again where they broke off, and bringing all that
comes into one order. Does not own: connections (`model.http`), or logging in (`oauth`).

Protocol source: Model Context Protocol, revision 2025-06-18, streamable HTTP.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, NoReturn

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpFailure, McpGone
from codex_trio.extensions.mcp.oauth.discovery import challenge_of, words_of
from codex_trio.extensions.mcp.oauth.logins import Bearer, McpLogins
from codex_trio.extensions.mcp.session import CANCELLED, INITIALIZED, Unanswered, read_messages
from codex_trio.extensions.mcp.settings import HttpAddress
from codex_trio.model.http import HttpResponse, HttpTransport
from codex_trio.model.http_failures import HttpFailure
from codex_trio.model.lenient_json import UnreadableJson
from codex_trio.model.sse import SseError, SseEvent, SseParser
from codex_trio.util.addresses import is_web_address, shown_address
from codex_trio.util.visible import with_unseen

MAX_ANSWER_BYTES = 64 << 20
RESUMPTIONS = 5
"""How often one answer is taken up again where its stream broke off."""

_SESSION = "mcp-session-id"
_LAST_EVENT = "last-event-id"
_IDLE_SECONDS = 24 * 3600.0
"""Requests have time limits of their own; a stream may be silent for as long."""

_END_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 60.0
_MAX_ID = 1024
_MOST_UNREAD = 100
"""How many messages wait to be taken; where there are more, the server waits."""


class HttpChannel:
    """See the module."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        transport: HttpTransport,
        nursery: trio.Nursery,
        bearer: Bearer | None = None,
    ) -> None:
        self._url = url
        self._headers = dict(headers)
        self._transport = transport
        self._nursery = nursery
        self._bearer = bearer
        self._sender, self._receiver = trio.open_memory_channel[bytes | Unanswered | McpGone](_MOST_UNREAD)
        self._answers: dict[Any, trio.CancelScope] = {}
        """What is read of the answers to requests, by their ids."""

    async def send(self, message: bytes) -> None:
        sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        method, params, request_id = _named(message)
        if method == CANCELLED and params["requestId"] in self._answers:
            self._answers[params["requestId"]].cancel()
        response = await self._request("POST", sent, message)
        if response.status >= 300:
            await self._refuse(response)
        session = response.headers.get(_SESSION)
        if session is not None:
            self._headers[_SESSION] = session
        self._nursery.start_soon(self._take_answer, response, request_id)
        if method == INITIALIZED:
            self._nursery.start_soon(self._listen)

    async def receive(self) -> bytes | Unanswered | None:
        received = await self._receiver.receive()
        if isinstance(received, McpGone):
            raise received
        return received

    def agreed(self, revision: str) -> None:
        """Speak this revision from now on."""
        self._headers["mcp-protocol-version"] = revision

    async def end(self) -> None:
        """Tell the server that its session is over, if it has one."""
        if _SESSION not in self._headers:
            return
        with trio.move_on_after(_END_SECONDS, shield=True):
            try:
                response = await self._request("DELETE", {})
                await response.aclose(drain=True)
            except McpFailure:
                # It is over all the same.
                return

    async def _request(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> HttpResponse:
        """Return the head of an answer; one that asks for a login comes only after a fresh token did not help."""
        token = None if self._bearer is None else await self._bearer.header()
        response = await self._request_once(method, headers, body, token)
        if response.status != 401 or self._bearer is None:
            return response
        try:
            fresh = await self._bearer.after_refusal(token)
        except BaseException:
            with trio.CancelScope(shield=True):
                await response.aclose(drain=False)
            raise
        if fresh is None or fresh == token:
            return response
        await response.aclose(drain=False)
        return await self._request_once(method, headers, body, fresh)

    async def _request_once(
        self, method: str, headers: Mapping[str, str], body: bytes | None, token: str | None
    ) -> HttpResponse:
        carried = {} if token is None else {"authorization": token}
        try:
            return await self._transport.request(
                method,
                self._url,
                headers=list({**headers, **self._headers, **carried}.items()),
                body=body or b"",
                idle_timeout=_IDLE_SECONDS,
            )
        except HttpFailure as failure:
            raise McpGone(f"{shown_address(self._url)}: {failure}") from failure

    async def _refuse(self, response: HttpResponse) -> NoReturn:
        body = (await response.receive_error_body()).decode(errors="replace").strip()
        await response.aclose(drain=False)
        said = f"HTTP status {response.status}{_hint(response)} {with_unseen(body[:500])}".rstrip()
        gone = McpGone(f"{shown_address(self._url)}: {said}")
        if response.status == 404 and _SESSION in self._headers:
            # The server has forgotten the session: only a new one can go on.
            self._nursery.start_soon(self._sender.send, gone)
        if self._bearer is not None:
            self._bearer.lacks(_lacking_scopes(response))
        raise gone

    async def _take_answer(self, response: HttpResponse, request_id: Any) -> None:
        """Pass on what an answer brings, to its end or until nobody waits for it any more."""
        with trio.CancelScope() as scope:
            if request_id is not None:
                self._answers[request_id] = scope
            try:
                await self._pass_on(response, request_id)
            finally:
                self._answers.pop(request_id, None)

    async def _pass_on(self, response: HttpResponse, request_id: Any) -> None:
        """Pass on what an answer brings. One without the result of its request is a failure of that request alone."""
        stream = _Stream(response)
        answered = request_id is None
        for attempt in range(RESUMPTIONS + 1):
            async with aclosing(stream.messages()) as messages:
                async for message in messages:
                    answered = answered or await _answers(message, request_id)
                    await self._sender.send(message)
            if answered or stream.last_event is None or attempt == RESUMPTIONS:
                break
            await trio.sleep(stream.pause)
            if not await self._resume(stream):
                break
        if not answered:
            await self._sender.send(Unanswered(request_id=request_id, problem=stream.problem))

    async def _listen(self) -> None:
        """Pass on what the server says of itself, where it has a stream for that; taken up again when it ends."""
        stream = _Stream()
        failures = 0
        while await self._resume(stream):
            count = 0
            async with aclosing(stream.messages()) as messages:
                async for message in messages:
                    count += 1
                    await self._sender.send(message)
            failures = 0 if count else failures + 1
            await trio.sleep(min(stream.pause * 2**failures, _MAX_PAUSE_SECONDS))

    async def _resume(self, stream: _Stream) -> bool:
        """Open a stream, or open it again behind its last event; whether the server has one."""
        behind = {} if stream.last_event is None else {_LAST_EVENT: stream.last_event}
        try:
            response = await self._request("GET", {"accept": "text/event-stream", **behind})
            if response.status == 404 and _SESSION in self._headers:
                await self._refuse(response)
        except McpFailure as failure:
            stream.problem = str(failure)
            return False
        if response.status != 200 or not _is_stream(response):
            await response.aclose(drain=False)
            stream.problem = f"the stream of its answer broke off, and goes on with HTTP status {response.status}"
            return False
        stream.response = response
        return True


class _Stream:
    """What one response after the other brings, and where it got to."""

    def __init__(self, response: HttpResponse | None = None) -> None:
        self.response = response
        self.last_event: str | None = None
        self.pause = _PAUSE_SECONDS
        self.problem = "the server ended its answer without a result"

    async def messages(self) -> AsyncGenerator[bytes]:
        """Yield the messages of the present response, to its end or until it breaks off."""
        response, self.response = self.response, None
        assert response is not None
        try:
            if _is_stream(response):
                async with aclosing(_events(response)) as events:
                    async for event in events:
                        self._note(event)
                        if event.data.strip():
                            yield event.data
            elif body := await _whole(response):
                kind = response.headers.get("content-type", "")
                if "json" not in kind:
                    self.problem = f"the server answered with `{with_unseen(kind[:100])}` in place of JSON"
                yield body
        except (HttpFailure, SseError, McpGone) as failure:
            self.problem = str(failure)
        finally:
            with trio.CancelScope(shield=True):
                await response.aclose(drain=True)

    def _note(self, event: SseEvent) -> None:
        for line in event.head.split(b"\n"):
            name, _, value = line.partition(b":")
            if name == b"id" and len(value) <= _MAX_ID and value.strip().isascii():
                self.last_event = value.strip().decode()
            elif name == b"retry" and value.strip().isdigit():
                self.pause = min(int(value.strip()[:9]) / 1000, _MAX_PAUSE_SECONDS)


async def _events(response: HttpResponse) -> AsyncGenerator[SseEvent]:
    parser = SseParser(max_event_bytes=MAX_ANSWER_BYTES)
    while (data := await response.receive()) is not None:
        for event in parser.feed(data):
            yield event


async def _whole(response: HttpResponse) -> bytes:
    body = bytearray()
    while (data := await response.receive()) is not None:
        body += data
        if len(body) > MAX_ANSWER_BYTES:
            raise McpGone(f"an answer has more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body.strip())


def _is_stream(response: HttpResponse) -> bool:
    return "event-stream" in response.headers.get("content-type", "")


def _hint(response: HttpResponse) -> str:
    if response.status == 401:
        return " (log in, or set bearer_token_env_var)"
    scopes = _lacking_scopes(response)
    if scopes is not None:
        named = ",".join(scopes)[:500]
        return f" (the login does not reach so far: log in again with the scopes {named or 'that it wants'})"
    return " (it sends on to another address, which is not followed)" if response.status < 400 else ""


def _lacking_scopes(response: HttpResponse) -> Sequence[str] | None:
    """Return the scopes that a refusal wants of a login that has fewer; None for a refusal of another kind."""
    challenge = challenge_of(response.headers) if response.status == 403 else {}
    return words_of(challenge.get("scope")) if challenge.get("error") == "insufficient_scope" else None


def _named(message: bytes) -> tuple[Any, Any, Any]:
    """Return the method of a message of ours, its params, and its id; None for what has no answer."""
    envelope = msgspec.json.decode(message)
    return envelope.get("method"), envelope.get("params"), envelope.get("id") if "method" in envelope else None


async def _answers(message: bytes, request_id: Any) -> bool:
    """Return whether a message, or one of a batch, is the answer to a request."""
    try:
        parts = await read_messages(message)
    except UnreadableJson:
        return False
    return any(part.get("id") == request_id and "method" not in part for part in parts)


@asynccontextmanager
async def open_http(
    name: str,
    server: HttpAddress,
    *,
    transport: HttpTransport,
    environ: Mapping[str, str],
    folder: str,
    startup_seconds: float,
    logins: McpLogins | None = None,
) -> AsyncGenerator[HttpChannel]:
    """Provide the channel to an address. A command that says more of its headers runs in `folder`. Raises McpGone."""
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
    if server.headers_helper is not None:
        # Few servers have one.
        from codex_trio.extensions.mcp.headers_helper import helped_headers

        headers |= await helped_headers(
            name, server.headers_helper, environ=environ, folder=folder, seconds=startup_seconds
        )
    bearer = None if logins is None else logins.bearer(name, server)
    async with trio.open_nursery() as nursery:
        channel = HttpChannel(server.url, headers, transport=transport, nursery=nursery, bearer=bearer)
        try:
            yield channel
        finally:
            nursery.cancel_scope.cancel()
            await channel.end()
