"""A server of the real method table with handlers of the test's choice, and clients that speak raw JSON to it."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import trio
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS

from codex_trio.analytics.sink import FactSink, NoAnalytics
from codex_trio.rpc.connection import Connection
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.dispatcher import Dispatcher
from codex_trio.rpc.errors import ErrorTranslator
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.transport.base import MessageTransport, OutgoingMessage, TransportClosed, TransportKind
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair
from codex_trio.util.close_reason import CloseReason

NOW_MS = 1_700_000_000_000


async def answer_initialize(params: Any, context: RequestContext) -> dict[str, Any]:
    return {"userAgent": params.client_info.name}


def list_loaded(params: Any, context: RequestContext) -> dict[str, Any]:
    return {"data": [], "nextCursor": params.cursor}


DEFAULT_HANDLERS: Mapping[str, Handler] = {"initialize": answer_initialize, "thread/loaded/list": list_loaded}


class Client:
    """The other end of a connection."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport
        self.notifications: list[dict[str, Any]] = []
        self._last_id = 0

    async def send(self, message: object) -> None:
        """Send an object as JSON, or text and bytes as they are."""
        if isinstance(message, str):
            message = message.encode()
        await self.transport.send(message if isinstance(message, bytes) else json.dumps(message).encode())

    async def receive(self) -> Any:
        """Return the next message; None at the end."""
        try:
            message = await self.transport.receive()
        except TransportClosed:
            return None
        return None if message is None else json.loads(message)

    async def request(self, method: str, **rest: Any) -> Any:
        """Send a request and return its result or error; notifications before it are kept aside."""
        self._last_id += 1
        request_id = f"request-{self._last_id}"
        await self.send({"id": request_id, "method": method, **rest})
        return await self.answer_to(request_id)

    async def answer_to(self, request_id: object) -> Any:
        while True:
            message = await self.receive()
            assert message is not None, "the connection ended without an answer"
            if message.get("id") == request_id and "method" not in message:
                return message.get("result", message.get("error"))
            self.notifications.append(message)

    async def initialize(self, **capabilities: Any) -> Any:
        client_info = {"name": "test", "version": "1"}
        return await self.request("initialize", params={"clientInfo": client_info, "capabilities": capabilities})

    async def settle(self) -> list[dict[str, Any]]:
        """Return the notifications until everything sent so far was dealt with."""
        assert "result" not in (await self.request("nothing/like/this"))
        notifications, self.notifications = self.notifications, []
        return notifications


class ToldTransport:
    """A transport that says of which kind it is, and remembers the reason for which it was closed."""

    def __init__(self, inner: MemoryTransport, *, kind: TransportKind = "in_process") -> None:
        self._inner = inner
        self._kind: TransportKind = kind
        self.reasons: list[CloseReason | None] = []

    @property
    def kind(self) -> TransportKind:
        return self._kind

    async def receive(self) -> bytes | None:
        return await self._inner.receive()

    async def send(self, message: OutgoingMessage) -> None:
        await self._inner.send(message)

    async def send_many(self, messages: Sequence[OutgoingMessage]) -> None:
        await self._inner.send_many(messages)

    async def aclose(self, reason: CloseReason | None = None) -> None:
        self.reasons.append(reason)
        await self._inner.aclose()


class Server:
    """What a composition root has, as far as it concerns connections."""

    def __init__(self, dispatcher: Dispatcher, outgoing: OutgoingMessages, nursery: trio.Nursery) -> None:
        self.dispatcher = dispatcher
        self.outgoing = outgoing
        self._nursery = nursery

    def connect(self, *, remote: bool = False, capacity: int = 16, **options: Any) -> Client:
        ours, theirs = memory_transport_pair(capacity)
        self.serve(ours, remote=remote, **options)
        return Client(theirs)

    def serve(self, transport: MessageTransport, *, remote: bool = False, **options: Any) -> Connection:
        connection = Connection(transport, dispatcher=self.dispatcher, outgoing=self.outgoing, remote=remote, **options)
        self._nursery.start_soon(connection.run)
        return connection

    def shut_down(self) -> None:
        """Cancel every connection, as the end of the process does."""
        self._nursery.cancel_scope.cancel()

    async def client(self, *, remote: bool = False, capacity: int = 16, **capabilities: Any) -> Client:
        """Return an initialized one."""
        client = self.connect(remote=remote, capacity=capacity)
        await client.initialize(**capabilities)
        return client


def make_outgoing(facts: FactSink | None = None) -> OutgoingMessages:
    """For tests whose handlers send something."""
    return OutgoingMessages(SERVER_REQUESTS, facts=facts or NoAnalytics(), now_ms=lambda: NOW_MS)


@asynccontextmanager
async def serving(
    handlers: Mapping[str, Handler] | None = None,
    *,
    outgoing: OutgoingMessages | None = None,
    translate_error: ErrorTranslator | None = None,
    facts: FactSink | None = None,
) -> AsyncGenerator[Server]:
    """Provide a running server; its connections are cancelled at the end."""
    facts = facts or NoAnalytics()
    dispatcher = Dispatcher(
        CLIENT_REQUESTS, {**DEFAULT_HANDLERS, **(handlers or {})}, translate_error=translate_error, facts=facts
    )
    outgoing = outgoing or make_outgoing(facts)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            yield Server(dispatcher, outgoing, nursery)
            nursery.cancel_scope.cancel()
