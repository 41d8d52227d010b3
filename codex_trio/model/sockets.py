"""Websockets to models: one for each thread, on which a request holds only what is new since the last response.

Owns the sockets that are kept, what was last said on each, and which threads go by plain requests from then on. Does
not own frames (util/websocket_frames.py), what is new (model/incremental.py), addresses (endpoint.py), or the meaning
of events (stream.py).

Protocol source: `responses_websockets=2026-02-06` as release 0.171.0 speaks it, without asking for a response of
nothing first.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import time
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, cast

import msgspec
import trio

from codex_trio.model import failures
from codex_trio.model.endpoint import Endpoint
from codex_trio.model.errors import ModelError
from codex_trio.model.http import HttpTransport, Upgraded
from codex_trio.model.http_failures import ConnectFailure, HttpFailure, IdleTimeout, UpgradeRefused
from codex_trio.model.incremental import ModelExchange
from codex_trio.model.long_events import LARGE
from codex_trio.model.request import TURN_STATE, ModelRequest, encode_headers, encoded_body
from codex_trio.util.websocket_deflate import HEADER as EXTENSIONS
from codex_trio.util.websocket_deflate import (
    OFFER,
    Agreement,
    ExtensionProblem,
    MessageDeflater,
    MessageInflater,
    agreement_of,
)
from codex_trio.util.websocket_frames import Closed, FrameError, FrameReader, FrameWriter, Message, Ping

KEEP_SECONDS = 120.0
"""How long a socket is kept on which nothing is asked: tools run between the requests of a turn."""

MAX_MESSAGE = 64 * 1024 * 1024
_MAX_KEPT = 64
_MAX_REMEMBERED = 4096
_BREAKS = 2
"""After so many sockets in a row that broke, a thread goes by plain requests."""

_READ_BYTES = 1 << 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BETA = "responses_websockets=2026-02-06"
_START = "x-codex-ws-stream-request-start-ms"


_SPEAKS_PLAINLY = 426
"""The provider asks for plain requests: nobody needs to hear of it (0.171.0)."""
_PASSING = frozenset({401, 403, 407, 408, 429, *range(500, 600)})
"""Statuses that say nothing of websockets; the plain request that follows shows what is wrong, if it still is."""


class SocketUnusable(Exception):
    """There is no websocket to be had; the text says why. `is_worth_telling` is whether users should hear of it."""

    def __init__(self, reason: str, *, is_worth_telling: bool) -> None:
        super().__init__(reason)
        self.is_worth_telling = is_worth_telling


class Broken(HttpFailure):
    """A websocket that ended before the response did."""


class ModelSocket:
    """A websocket that is open, and what was last said on it."""

    def __init__(self, upgraded: Upgraded, target: Endpoint) -> None:
        # It serves many turns: what is said of one comes with its events.
        self.headers = {name: value for name, value in upgraded.headers.items() if name != TURN_STATE}
        self.target = target
        self.last: ModelExchange | None = None
        self.used_at = trio.current_time()
        self.is_watched = False
        """Whether somebody closes it when it is not used for long."""
        self._upgraded = upgraded
        agreed = _agreed(upgraded)
        self._inflater = None if agreed is None else MessageInflater(forgets=agreed.server_forgets)
        self._deflater = None if agreed is None else _deflater_of(agreed)
        self._reader = FrameReader(max_message_bytes=MAX_MESSAGE, from_client=False, compressible=agreed is not None)
        self._writer = FrameWriter(masked=True)

    async def ask(self, request: ModelRequest) -> None:
        """Send a request. Raises HttpFailure."""
        new = None if self.last is None else self.last.new_input(request)
        previous = None if new is None or self.last is None else self.last.response_id
        sent = request if new is None else msgspec.structs.replace(request, input=new)
        self.last = ModelExchange(request)
        message, compressed = await _encoded_create(sent, previous), self._deflater is not None
        if self._deflater is not None:
            # Whole conversations take a while.
            message = await trio.to_thread.run_sync(self._deflater.deflated, message)
        for frame in self._writer.message([message], len(message), compressed=compressed):
            await self._upgraded.send(b"".join(frame))

    async def receive(self, seconds: float) -> bytes:
        """Return the next message. Raises HttpFailure."""
        with trio.move_on_after(seconds):
            while True:
                event = self._next()
                if isinstance(event, Message):
                    payload = await self._inflated(event.payload) if event.compressed else event.payload
                    if self.last is not None:
                        self.last.note(payload)
                    return payload
                if isinstance(event, Ping):
                    await self._upgraded.send(self._writer.pong(event.payload))
                elif isinstance(event, Closed):
                    raise Broken(f"the provider closed the websocket: {event.reason.text or event.reason.code}")
                elif event is None:
                    self._reader.feed(await self._upgraded.receive(_READ_BYTES))
        raise IdleTimeout("nothing came on the websocket")

    async def _inflated(self, payload: bytes) -> bytes:
        """Return what was compressed. Raises HttpFailure."""
        assert self._inflater is not None
        message = bytearray()
        try:
            for number, piece in enumerate(self._inflater.pieces(payload)):
                if number:
                    await trio.lowlevel.checkpoint()
                message += piece
                if len(message) > MAX_MESSAGE:
                    raise Broken(f"a message on the websocket is longer than {MAX_MESSAGE} bytes")
        except zlib.error as error:
            raise Broken(f"what came on the websocket cannot be inflated: {error}") from error
        return bytes(message)

    def _next(self) -> Any:
        try:
            return self._reader.next_event()
        except FrameError as error:
            raise Broken(f"what came on the websocket cannot be read: {error}") from error

    async def aclose(self) -> None:
        """Close it."""
        await self._upgraded.aclose()


class SocketResponse:
    """A response on a websocket, in the form of one that came by HTTP."""

    status = 200

    def __init__(
        self,
        socket: ModelSocket,
        first: bytes,
        *,
        idle_timeout: float,
        give_back: Callable[[SocketResponse, bool], Awaitable[None]],
    ) -> None:
        self.headers: Mapping[str, str] = socket.headers
        self.is_broken = False
        """Whether the socket ended before the response did."""
        self._socket = socket
        self._first: bytes | None = first
        self._pieces: list[bytes] = []
        self._idle_timeout = idle_timeout
        self._give_back = give_back

    async def receive(self) -> bytes:
        """Return the next event, framed as an event stream does; a long one in pieces. Raises HttpFailure."""
        await trio.lowlevel.checkpoint()
        if self._pieces:
            return self._pieces.pop(0)
        message, self._first = self._first, None
        if message is None:
            try:
                message = await self._socket.receive(self._idle_timeout)
            except HttpFailure:
                self.is_broken = True
                raise
        message = message.replace(b"\n", b" ")
        if len(message) <= LARGE:
            return b"data: " + message + b"\n\n"
        self._pieces = [*(message[at : at + LARGE] for at in range(0, len(message), LARGE)), b"\n\n"]
        return b"data: "

    async def aclose(self, *, drain: bool) -> None:
        """Give the socket back, to be kept if the response was whole (`drain`)."""
        await self._give_back(self, drain)


def _agreed(upgraded: Upgraded) -> Agreement | None:
    """Return how messages are compressed on a connection. Raises Broken."""
    try:
        return agreement_of(upgraded.headers.get(EXTENSIONS))
    except ExtensionProblem as problem:
        raise Broken(str(problem)) from problem


def _deflater_of(agreed: Agreement) -> MessageDeflater | None:
    deflater = MessageDeflater(forgets=agreed.client_forgets, bits=agreed.client_bits)
    return deflater if deflater.is_possible else None


async def _by_nobody() -> Mapping[str, str]:
    return {}


class ModelSockets:
    """The sockets of all threads. `transport` opens connections."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport
        self._kept: OrderedDict[str, ModelSocket] = OrderedDict()
        self._breaks: OrderedDict[str, int] = OrderedDict()
        self._prewarming: dict[str, trio.CancelScope] = {}

    def serves(self, thread_id: str | None) -> bool:
        """Return whether the thread's requests may go by a websocket."""
        return thread_id is not None and self._breaks.get(thread_id, 0) < _BREAKS

    async def ask(
        self,
        thread_id: str,
        target: Endpoint,
        request: ModelRequest,
        *,
        idle_timeout: float,
        connect_timeout: float,
        attested: Callable[[], Awaitable[Mapping[str, str]]] = _by_nobody,
    ) -> SocketResponse:
        """Send a request of a thread; return the response that begins. A new socket is opened with what is `attested`.

        Raises SocketUnusable when it has to go another way, ModelError when the provider says no.
        """
        if (prewarming := self._prewarming.pop(thread_id, None)) is not None:
            # It would take longer than to do without.
            prewarming.cancel()
        kept = self._kept.pop(thread_id, None)
        if kept is not None and kept.target.url == target.url and kept.target.headers == target.headers:
            with contextlib.suppress(HttpFailure):
                return await self._ask_on(kept, thread_id, request, idle_timeout)
            # It ended while nobody looked.
        elif kept is not None:
            await kept.aclose()
        try:
            socket = await self._open(target, request, await attested(), connect_timeout)
            return await self._ask_on(socket, thread_id, request, idle_timeout)
        except HttpFailure as error:
            raise self._given_up(thread_id, error) from error

    @contextlib.contextmanager
    def prewarming(self, thread_id: str) -> Generator[None]:
        """Have what is done inside end as soon as a request of the thread is sent."""
        with trio.CancelScope() as scope:
            self._prewarming[thread_id] = scope
            try:
                yield
            finally:
                if self._prewarming.get(thread_id) is scope:
                    del self._prewarming[thread_id]

    async def prewarm(
        self,
        thread_id: str,
        target: Endpoint,
        request: ModelRequest,
        *,
        idle_timeout: float,
        connect_timeout: float,
        attested: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> SocketResponse:
        """Open a socket for a thread and send a request that generates nothing. Raises HttpFailure, ModelError.

        That there is none is no reason to do without later on.
        """
        socket = await self._open(target, request, await attested(), connect_timeout)
        return await self._ask_on(socket, thread_id, request, idle_timeout)

    def _given_up(self, thread_id: str, error: HttpFailure) -> SocketUnusable:
        """Note that a thread got no socket, for this request or at all; return what its request is told."""
        if isinstance(error, ConnectFailure):
            # Nor will a plain request get there: it is for that one to say so.
            return SocketUnusable(str(error), is_worth_telling=False)
        status = error.status if isinstance(error, UpgradeRefused) else None
        breaks = self._breaks.get(thread_id, 0) + 1 if status in _PASSING else _BREAKS
        self._note_breaks(thread_id, breaks)
        return SocketUnusable(str(error), is_worth_telling=breaks >= _BREAKS and status != _SPEAKS_PLAINLY)

    async def _ask_on(
        self, socket: ModelSocket, thread_id: str, request: ModelRequest, idle_timeout: float
    ) -> SocketResponse:
        is_begun = False
        try:
            await socket.ask(request)
            first = await socket.receive(idle_timeout)
            refusal = _refusal(first, socket.target)
            if refusal is not None:
                raise refusal
            is_begun = True
        finally:
            if not is_begun:
                await socket.aclose()

        async def give_back(response: SocketResponse, is_whole: bool) -> None:  # noqa: FBT001  # called by place
            if response.is_broken:
                self._note_breaks(thread_id, self._breaks.get(thread_id, 0) + 1)
            await self._take_back(socket, thread_id, is_whole=is_whole)

        return SocketResponse(socket, first, idle_timeout=idle_timeout, give_back=give_back)

    async def _take_back(self, socket: ModelSocket, thread_id: str, *, is_whole: bool) -> None:
        if is_whole:
            self._breaks.pop(thread_id, None)
        if not is_whole or thread_id in self._kept:
            await socket.aclose()
            return
        socket.used_at = trio.current_time()
        self._kept[thread_id] = socket
        if not socket.is_watched:
            socket.is_watched = True
            self._transport.start_soon(self._drop_when_old, thread_id, socket)
        if len(self._kept) > _MAX_KEPT:
            _, oldest = self._kept.popitem(last=False)
            await oldest.aclose()

    async def _open(
        self, target: Endpoint, request: ModelRequest, attested: Mapping[str, str], seconds: float
    ) -> ModelSocket:
        headers = {**encode_headers(request.headers), **attested, **target.headers, "openai-beta": _BETA}
        headers[EXTENSIONS] = OFFER
        for name in ("accept", "content-type", TURN_STATE):
            headers.pop(name, None)
        with trio.move_on_after(seconds):
            opened = await upgrade_to_websocket(self._transport, target.url, headers=headers, idle_timeout=seconds)
            try:
                return ModelSocket(opened, target)
            except Broken:
                await opened.aclose()
                raise
        raise IdleTimeout(f"the provider did not answer within {seconds:g} seconds")

    async def _drop_when_old(self, thread_id: str, socket: ModelSocket) -> None:
        """Close a kept socket once nothing was asked on it for long."""
        while self._kept.get(thread_id) is socket:
            left = socket.used_at + KEEP_SECONDS - trio.current_time()
            if left <= 0:
                del self._kept[thread_id]
                await socket.aclose()
            else:
                await trio.sleep(left)
        socket.is_watched = False

    def _note_breaks(self, thread_id: str, number: int) -> None:
        self._breaks[thread_id] = number
        self._breaks.move_to_end(thread_id)
        while len(self._breaks) > _MAX_REMEMBERED:
            self._breaks.popitem(last=False)


async def upgrade_to_websocket(
    transport: HttpTransport, url: str, *, headers: Mapping[str, str], idle_timeout: float
) -> Upgraded:
    """Return a connection on which a provider agreed to speak by websocket. Raises HttpFailure."""
    key = base64.b64encode(os.urandom(16))
    asked = {
        **headers,
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": key.decode(),
    }
    upgraded = await transport.upgrade(url, headers=asked, idle_timeout=idle_timeout)
    expected = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    if upgraded.headers.get("sec-websocket-accept") != expected:
        await upgraded.aclose()
        raise Broken("the provider does not answer as one with websockets does")
    return upgraded


async def _encoded_create(request: ModelRequest, previous: str | None) -> bytes:
    """Return the message that asks for a response, on top of a previous one if any."""
    metadata = {**(request.client_metadata or {}), _START: str(int(time.time() * 1000))}
    if request.headers.turn_state is not None:
        metadata[TURN_STATE] = request.headers.turn_state
    body = await encoded_body(msgspec.structs.replace(request, client_metadata=metadata))
    head = b'{"type":"response.create",'
    if previous is not None:
        head += b'"previous_response_id":' + msgspec.json.encode(previous) + b","
    return head + body[1:]


def _refusal(first: bytes, target: Endpoint) -> ModelError | None:
    """Return the error that a first message is, with the status that it would have had by HTTP."""
    if len(first) > LARGE:
        return None
    try:
        value = msgspec.json.decode(first)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    message = cast("dict[str, Any]", value)
    status = message.get("status") or message.get("status_code")
    if message.get("type") != "error" or not isinstance(status, int):
        return None
    headers = message.get("headers")
    given = cast("dict[str, Any]", headers) if isinstance(headers, dict) else {}
    named = {name.lower(): str(text) for name, text in given.items()}
    body = {"error": message.get("error")}
    return failures.from_http(status, msgspec.json.encode(body), named, url=target.shown_url)
