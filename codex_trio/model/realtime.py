"""Connections to realtime servers: the websocket of a voice session, and the call that a browser talks by.

Owns addresses, headers and failures. Does not own what is said (engine/realtime).

Protocol source: `GET /v1/realtime`, `POST /v1/realtime/calls` and, for v3, `/v1/live` as release 0.171.0 asks for them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import trio

from codex_trio.domain.realtime import VoiceVersion
from codex_trio.model.endpoint import Endpoint
from codex_trio.model.http import HttpTransport, Upgraded
from codex_trio.model.http_failures import HttpFailure
from codex_trio.model.provider_error import bounded, quoted
from codex_trio.model.sockets import upgrade_to_websocket
from codex_trio.util.websocket_frames import NO_STATUS, Closed, FrameError, FrameReader, FrameWriter, Message, Ping

CONNECT_SECONDS = 30.0
MAX_MESSAGE = 16 * 1024 * 1024
MAX_SDP = 1 << 20
SILENCE_SECONDS = 30.0
"""How long a server may say nothing before it is pinged, and how long it may take to say anything then."""

_READ_BYTES = 1 << 16
FORM_BOUNDARY = "codex-realtime-call-boundary"
"""What is between the parts of a call's form."""
_CALL_ID = re.compile(r"rtc_[A-Za-z0-9_-]+")
_NEVER = float("inf")
_ORDERLY = (1000, 1001, NO_STATUS)
"""Close codes of servers that want nothing more, and of those that end."""

_GENERATION: Mapping[VoiceVersion, Mapping[str, str]] = {
    "v1": {"openai-alpha": "quicksilver=v1"},
    "v2": {},
    "v3": {"openai-alpha": "quicksilver=v2"},
}


class RealtimeFailure(Exception):
    """There is no voice session, or there is none any more; the text says why."""


class RealtimeSocket:
    """The websocket of a session."""

    def __init__(self, upgraded: Upgraded) -> None:
        self._upgraded = upgraded
        self._reader = FrameReader(max_message_bytes=MAX_MESSAGE, from_client=False)
        self._writer = FrameWriter(masked=True)
        self._sending = trio.Lock()
        self._is_listening = False
        self._heard = 0
        """Counts up whenever something comes, and whenever it begins to be waited for."""

    async def send(self, event: Mapping[str, Any]) -> None:
        """Send an event. Raises RealtimeFailure."""
        await self.send_encoded(msgspec.json.encode(event))

    async def send_encoded(self, data: bytes) -> None:
        """Send an event that is JSON already. Raises RealtimeFailure."""
        for frame in self._writer.message([data], len(data)):
            await self._send(b"".join(frame))

    async def receive(self) -> bytes | None:
        """Return the next event; None when the server has closed the session. Raises RealtimeFailure."""
        while True:
            try:
                event = self._reader.next_event()
                if event is None:
                    self._reader.feed(await self._listen())
                    continue
            except (FrameError, HttpFailure) as error:
                raise RealtimeFailure(f"the connection to the realtime server broke: {error}") from error
            match event:
                case Message(binary=True):
                    raise RealtimeFailure("the realtime server sent a binary message, and only text says something")
                case Message():
                    return event.payload
                case Ping():
                    await self._send(self._writer.pong(event.payload))
                case Closed() if event.reason.code in _ORDERLY:
                    return None
                case Closed():
                    why = f"{event.reason.code} {bounded(event.reason.text)}".rstrip()
                    raise RealtimeFailure(f"the realtime server closed the session: {why}")
                case _:
                    await trio.lowlevel.checkpoint()

    async def notice_silence(self, seconds: float) -> None:
        """Ping a server that says nothing while it is listened to. Raises RealtimeFailure when that brings nothing.

        A connection whose other end is gone without a word does not break by itself.
        """
        async with trio.open_nursery() as nursery:
            while True:
                heard = await self._is_silent(seconds)
                if heard is None:
                    continue
                # A ping that cannot be sent is as good as one without an answer: nobody takes what was sent before.
                nursery.start_soon(self._ping)
                await trio.sleep(seconds)
                if self._heard == heard:
                    nursery.cancel_scope.cancel()
                    break
        raise RealtimeFailure(f"the realtime server says nothing, and answers no ping within {seconds:g} s")

    async def _is_silent(self, seconds: float) -> int | None:
        """Return the count of what was heard when nothing came so long although it was waited for, else None."""
        heard = self._heard
        await trio.sleep(seconds)
        return heard if self._is_listening and self._heard == heard else None

    async def _ping(self) -> None:
        with contextlib.suppress(RealtimeFailure):
            await self._send(self._writer.ping())

    async def _listen(self) -> bytes:
        self._is_listening = True
        self._heard += 1
        try:
            data = await self._upgraded.receive(_READ_BYTES)
        finally:
            self._is_listening = False
        self._heard += 1
        return data

    async def _send(self, data: bytes) -> None:
        try:
            async with self._sending:
                await self._upgraded.send(data)
        except HttpFailure as error:
            raise RealtimeFailure(f"the connection to the realtime server broke: {error}") from error


class RealtimeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where voice sessions are had, and who asks for them."""

    transport: HttpTransport
    socket_base: str
    call_base: str
    endpoint: Endpoint
    """Its headers go along."""
    headers: Mapping[str, str]
    patience: float = CONNECT_SECONDS
    """How long each step may take that is needed for a session to begin."""
    silence: float = SILENCE_SECONDS

    @asynccontextmanager
    async def open(
        self, version: VoiceVersion, *, session_id: str, model: str, call_id: str | None
    ) -> AsyncGenerator[RealtimeSocket]:
        """Provide the websocket of a session, or of a call that there is. Raises RealtimeFailure."""
        url = _socket_url(self.socket_base, version, model=model, call_id=call_id)
        try:
            with trio.fail_after(self.patience):
                upgraded = await upgrade_to_websocket(
                    self.transport, url, headers=self._headers(version, session_id), idle_timeout=_NEVER
                )
        except (HttpFailure, trio.TooSlowError) as error:
            said = str(error) or f"no answer within {self.patience:g} s"
            raise RealtimeFailure(f"the realtime server gives no websocket: {said}") from error
        try:
            yield RealtimeSocket(upgraded)
        finally:
            await upgraded.aclose()

    async def call(
        self, version: VoiceVersion, sdp: str, session: Mapping[str, Any], *, session_id: str
    ) -> tuple[str, str]:
        """Offer a call; the answer to the offer, and the call's id. Raises RealtimeFailure."""
        headers = {
            **self._headers(version, session_id),
            "content-type": f"multipart/form-data; boundary={FORM_BOUNDARY}",
            "accept": "*/*",
        }
        body = _multipart(sdp, msgspec.json.encode(session))
        try:
            with trio.fail_after(self.patience):
                url = _call_url(self.call_base, version)
                response = await self.transport.post(url, headers=headers, body=body, idle_timeout=self.patience)
                try:
                    content = await _body(response)
                finally:
                    await response.aclose(drain=False)
        except (HttpFailure, trio.TooSlowError) as error:
            said = str(error) or f"no answer within {self.patience:g} s"
            raise RealtimeFailure(f"the realtime server takes no call: {said}") from error
        if response.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
            said = f"HTTP status {response.status} {quoted(content)}".rstrip()
            raise RealtimeFailure(f"the realtime server takes no call: {said}")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = ""
        if not text.strip():
            raise RealtimeFailure("the realtime server took the call, but its answer is no SDP")
        found = _CALL_ID.search(urlsplit(response.headers.get("location", "")).path.rpartition("/")[2])
        if found is None:
            raise RealtimeFailure("the realtime server took the call, but its `Location` names none (`rtc_...`)")
        return text, found[0]

    def _headers(self, version: VoiceVersion, session_id: str) -> dict[str, str]:
        return {**self.headers, **self.endpoint.headers, **_GENERATION[version], "x-session-id": session_id}


async def _body(response: Any) -> bytes:
    content = b""
    while (piece := await response.receive()) is not None:
        content += piece
        if len(content) > MAX_SDP:
            raise HttpFailure(f"the answer has more than {MAX_SDP} bytes")
    return content


def _socket_url(base: str, version: VoiceVersion, *, model: str, call_id: str | None) -> str:
    if version == "v3":
        live = _below(base, "live")
        return f"{live}?{urlencode({'model': model})}" if call_id is None else f"{live}/{quote(call_id, safe='')}"
    query = {"intent": "quicksilver"} if version == "v1" else {}
    query |= {"model": model} if call_id is None else {"call_id": call_id}
    return f"{_below(base, 'realtime')}?{urlencode(query)}"


def _call_url(base: str, version: VoiceVersion) -> str:
    if version == "v3":
        return _below(base, "live")
    return f"{_below(base, 'realtime')}/calls?intent=quicksilver&architecture=avas"


def _below(base: str, name: str) -> str:
    """Return where realtime sessions are below an address, which may be that of the API or of the server."""
    address = urlsplit(base)
    scheme = {"ws": "http", "wss": "https"}.get(address.scheme, address.scheme)
    path = address.path.rstrip("/")
    return address._replace(
        scheme=scheme, path=f"{path}/{name}" if path.endswith("/v1") else f"{path}/v1/{name}", query="", fragment=""
    ).geturl()


def _multipart(sdp: str, session: bytes) -> bytes:
    def part(name: str, kind: str, content: bytes) -> bytes:
        head = f'--{FORM_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'
        return head.encode() + content + b"\r\n"

    parts = part("sdp", "application/sdp", sdp.encode()) + part("session", "application/json", session)
    return parts + f"--{FORM_BOUNDARY}--\r\n".encode()
