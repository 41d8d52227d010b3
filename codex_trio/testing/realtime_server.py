"""A realtime server on loopback that says what a test has it say: voice sessions on websockets, and calls by WebRTC.

Owns the sockets and what came on them. Does not own what is said: a test takes what came and sends what it likes.

    async with open_realtime_server() as server:
        ...  # point `experimental_realtime_ws_base_url` at server.url
        session = await server.session()
        update = await session.receive("session.update")
        await session.send({"type": "session.updated", "session": {"id": "sess_1"}})
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

import h11
import msgspec
import trio

from codex_trio.testing.model_script import Request
from codex_trio.testing.model_websocket import switching
from codex_trio.util.bell import Bell
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import Closed, FrameReader, FrameWriter, Message, Ping

_READ_SIZE = 1 << 16
_MAX_MESSAGE = 1 << 26


class CallReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an SDP offer is answered with."""

    status: int = 201
    location: str | None = "/v1/realtime/calls/rtc_1"
    sdp: str | bytes = "v=answer\r\n"


class RealtimeSession:
    """One websocket of a client."""

    def __init__(self, stream: trio.SocketStream, head: Request, *, answers_pings: bool) -> None:
        self.head = head
        self._answers_pings = answers_pings
        self.messages: list[dict[str, Any]] = []
        """Every message that came, in order."""
        self.left = trio.Event()
        """Set when the client is gone."""
        self._stream = stream
        self._writer = FrameWriter()
        self._taken = 0
        self._news = Bell()

    async def send(self, event: dict[str, Any] | bytes) -> None:
        """Send an event, or any text as it is."""
        data = event if isinstance(event, bytes) else json.dumps(event).encode()
        for frame in self._writer.message([data], len(data)):
            await self._stream.send_all(b"".join(frame))

    async def receive(self, kind: str) -> dict[str, Any]:
        """Return the next message of a kind that was not taken yet; those before it count as taken."""
        while True:
            while self._taken < len(self.messages):
                message = self.messages[self._taken]
                self._taken += 1
                if message.get("type") == kind:
                    return message
            if self.left.is_set():
                raise AssertionError(f"the client left without {kind}; it said {[m['type'] for m in self.messages]}")
            await self._news.wait()

    async def send_frame(self, frame: bytes) -> None:
        """Send bytes as they are, in a frame or not."""
        await self._stream.send_all(frame)

    async def close(self) -> None:
        """Close the session in order."""
        await self._stream.send_all(self._writer.close(CloseReason(1000, "bye")))

    async def cut(self) -> None:
        """Be gone without a word."""
        await self._stream.aclose()

    async def serve(self) -> None:
        """Take what comes until the client leaves."""
        reader = FrameReader(max_message_bytes=_MAX_MESSAGE)
        try:
            while True:
                event = reader.next_event()
                if event is None:
                    data = await self._stream.receive_some(_READ_SIZE)
                    if not data:
                        return
                    reader.feed(data)
                elif isinstance(event, Closed):
                    return
                elif isinstance(event, Ping):
                    if self._answers_pings:
                        await self._stream.send_all(self._writer.pong(event.payload))
                elif isinstance(event, Message):
                    self.messages.append(json.loads(event.payload))
                    self._news.ring()
        finally:
            self.left.set()
            self._news.ring()


class RealtimeServer:
    """A running one. Made by `open_realtime_server`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.calls: list[tuple[Request, bytes]] = []
        """Every `POST`, with its body."""
        self.reply = CallReply()
        self.refuses_sockets: int | None = None
        """The HTTP status that websockets are refused with; None agrees to them."""
        self.answers_pings = True
        """Whether those that come next do: one that is gone does not."""
        self.refusal = b"no"
        """What such a refusal says."""
        self.sessions: list[RealtimeSession] = []
        """Every websocket so far."""
        self._news = Bell()

    async def session(self, number: int = 0) -> RealtimeSession:
        """Return a websocket by its number, in order of arrival; waits for it."""
        while len(self.sessions) <= number:
            await self._news.wait()
        return self.sessions[number]

    async def handle(self, stream: trio.SocketStream) -> None:
        """Serve one connection."""
        http = h11.Connection(h11.SERVER)
        while True:
            head, body = await _read_request(stream, http)
            if head is None:
                return
            if head.method == "POST":
                self.calls.append((head, body))
                await _answer_call(stream, http, self.reply)
                http.start_next_cycle()
                continue
            if self.refuses_sockets is not None:
                await _answer(stream, http, self.refuses_sockets, [], self.refusal)
                http.start_next_cycle()
                continue
            await stream.send_all(switching(head.headers["sec-websocket-key"]))
            session = RealtimeSession(stream, head, answers_pings=self.answers_pings)
            self.sessions.append(session)
            self._news.ring()
            await session.serve()
            return


async def _read_request(stream: trio.SocketStream, http: h11.Connection) -> tuple[Request | None, bytes]:
    head: Request | None = None
    body = b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.receive_some(_READ_SIZE))
        elif isinstance(event, h11.Request):
            names = {name.decode().lower(): value.decode("latin-1") for name, value in event.headers}
            head = Request(method=event.method.decode(), path=event.target.decode(), headers=names, body=None)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return head, body
        else:
            return (head, body) if event is h11.PAUSED and head is not None else (None, b"")


async def _answer_call(stream: trio.SocketStream, http: h11.Connection, reply: CallReply) -> None:
    headers = [("content-type", "application/sdp")]
    if reply.location is not None:
        headers.append(("location", reply.location))
    await _answer(
        stream, http, reply.status, headers, reply.sdp if isinstance(reply.sdp, bytes) else reply.sdp.encode()
    )


async def _answer(
    stream: trio.SocketStream, http: h11.Connection, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    head = h11.Response(status_code=status, headers=[*headers, ("content-length", str(len(body)))])
    data = http.send(head) + http.send(h11.Data(data=body)) + http.send(h11.EndOfMessage())
    await stream.send_all(data)


@contextlib.asynccontextmanager
async def open_realtime_server() -> AsyncGenerator[RealtimeServer]:
    """Serve on 127.0.0.1 until the block ends."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = RealtimeServer(listener.socket.getsockname()[1])

    async def handle(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            async with stream:
                await server.handle(stream)

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, [listener])
        yield server
        nursery.cancel_scope.cancel()
