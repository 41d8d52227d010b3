"""A JSON-RPC connection to an app-server: requests, notifications, answers to the server's questions.

Owns request ids, the matching of replies, subscriptions and handlers. Does not own processes (`process`) or what a turn
is (`turns`).

    async with open_client(channel) as client:
        await client.initialize("my-editor", "1.0")
        thread = await client.request("thread/start", {"cwd": "/work"})
"""

import contextlib
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator
from typing import Any, Literal, TypeVar

import msgspec
import trio
from codex_trio_protocol import table

from codex_trio.client.channel import MessageChannel
from codex_trio.client.checks import check_answer, check_params
from codex_trio.client.errors import AppServerError, BufferOverflow, InvalidMessage, ServerGone
from codex_trio.client.messages import Notification, Reply, RequestId, ServerRequest, classify
from codex_trio.transport.base import TransportClosed
from codex_trio.util.bell import Bell
from codex_trio.util.plain_errors import with_plain_errors

Handler = Callable[[ServerRequest], Awaitable[Any]]
"""Answers a server request: returns the result, or raises AppServerError to refuse with that error."""

Taker = Callable[[Notification], Awaitable[None]]

Observer = Callable[[Literal["client", "server"], Any], None]
"""Sees every message in the order in which it is sent or received: who sent it, and its decoded JSON."""

T = TypeVar("T")

_CHANNEL_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, TransportClosed)
_METHOD_NOT_FOUND = -32601
_INTERNAL_ERROR = -32603
_NO_PARAMS: Any = object()


class Subscription:
    """A bounded buffer of messages from the server, to be iterated. Made by `AppServerClient.subscribe`.

    Iteration raises BufferOverflow after the buffered messages when more came than fit, and ServerGone after them when
    the connection has ended.
    """

    def __init__(
        self, *, methods: Collection[str] | None, thread_id: str | None, requests: bool, buffer_size: int
    ) -> None:
        self.takes_requests = requests
        self._methods = methods
        self._thread_id = thread_id
        self._limit = buffer_size
        self._waiting: deque[Notification | ServerRequest] = deque()
        self._end: Exception | None = None
        self._wake = Bell()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Notification | ServerRequest:
        while not self._waiting:
            if self._end is not None:
                raise self._end
            await self._wake.wait()
        await trio.lowlevel.checkpoint()
        return self._waiting.popleft()

    def offer(self, message: Notification | ServerRequest) -> None:
        """Take a message if it is one that was asked for. Called by the connection."""
        if self._end is not None or not self._wants(message):
            return
        if len(self._waiting) >= self._limit:
            self.end(BufferOverflow(f"more than {self._limit} messages wait for their subscriber"))
            return
        self._waiting.append(message)
        self._wake.ring()

    def end(self, reason: Exception) -> None:
        """Let iteration raise `reason` once the buffer is empty. Called by the connection."""
        if self._end is None:
            self._end = reason
            self._wake.ring()

    def _wants(self, message: Notification | ServerRequest) -> bool:
        if isinstance(message, ServerRequest) and not self.takes_requests:
            return False
        if self._methods is not None and message.method not in self._methods:
            return False
        return self._thread_id is None or thread_of(message.params) == self._thread_id


class AppServerClient:
    """An open connection to an app-server. Made by `open_client` or `process.open_stdio_client`."""

    def __init__(
        self,
        channel: MessageChannel,
        nursery: trio.Nursery,
        *,
        observer: Observer | None,
        refuse_unhandled: bool,
    ) -> None:
        self._channel = channel
        self._nursery = nursery
        self._observer = observer
        self._refuse_unhandled = refuse_unhandled
        self._ids = itertools.count(1)
        self._replies: dict[RequestId, trio.MemorySendChannel[Reply]] = {}
        self._subscriptions: list[Subscription] = []
        self._handlers: dict[str, Handler] = {}
        self._takers: dict[str, Taker] = {}
        self._gone: ServerGone | None = None
        self.closed = trio.Event()
        """Set once the server has closed the connection."""
        self.describe_end: Callable[[], Awaitable[ServerGone]] | None = None
        """Set by the owner of the transport to say more about a connection that ended (exit code, stderr)."""

    async def initialize(
        self,
        name: str,
        version: str,
        *,
        title: str | None = None,
        experimental: bool = False,
        opt_out: Collection[str] = (),
    ) -> dict[str, Any]:
        """Introduce the client and say that it is ready. Returns the `initialize` result.

        `experimental` asks for methods and fields that are not yet stable; `opt_out` names notification methods that
        this connection does not want. Raises AppServerError when the server refuses.
        """
        capabilities: dict[str, Any] = {"experimentalApi": experimental}
        if opt_out:
            capabilities["optOutNotificationMethods"] = list(opt_out)
        info = {"name": name, "title": title, "version": version}
        result = await self.request("initialize", {"clientInfo": info, "capabilities": capabilities})
        await self.notify("initialized")
        return result

    async def request(self, method: str, params: Any = _NO_PARAMS) -> Any:
        """Send a request and wait for its result (decoded JSON).

        `params` may be any JSON value or msgspec struct; without it the key is left out. Raises AppServerError when
        the server answers with an error, ServerGone when it ends before it answers.
        """
        self._check_open()
        request_id = next(self._ids)
        sender, receiver = trio.open_memory_channel[Reply](1)
        self._replies[request_id] = sender
        try:
            await self._send({"id": request_id, "method": method, **_params(params)})
            async with receiver:
                reply = await receiver.receive()
        except trio.EndOfChannel:
            raise self._gone or ServerGone("the connection was closed") from None
        finally:
            del self._replies[request_id]
        if reply.error is not None:
            raise AppServerError(
                reply.error["code"], reply.error["message"], reply.error.get("data"), request_id=request_id
            )
        return reply.result

    async def call(self, method: str, params: msgspec.Struct, returns: type[T]) -> T:
        """Like `request` with protocol structs: `await client.call("thread/start", params, ThreadStartResponse)`.

        Raises InvalidMessage for params that are not the method's, and msgspec.ValidationError when the result does not
        fit `returns`.
        """
        check_params(method, params)
        return table.convert(await self.request(method, params), returns)

    async def notify(self, method: str, params: Any = _NO_PARAMS) -> None:
        """Send a notification. Raises ServerGone when the server has ended."""
        self._check_open()
        await self._send({"method": method, **_params(params)})

    async def respond(self, request: ServerRequest, result: Any) -> None:
        """Answer a server request that came through a subscription.

        Raises InvalidMessage, and sends nothing, for a result that the method does not have.
        """
        check_answer(request.method, result)
        await self.respond_unchecked(request, result)

    async def respond_unchecked(self, request: ServerRequest, result: Any) -> None:
        """Answer a server request with any JSON. A server takes an approval that it cannot read for a refusal."""
        await self._send({"id": request.id, "result": result})

    async def refuse(self, request: ServerRequest, message: str, *, code: int = _INTERNAL_ERROR) -> None:
        """Answer a server request with an error."""
        await self._send({"id": request.id, "error": {"code": code, "message": message}})

    def handle(self, method: str, handler: Handler) -> None:
        """Answer every server request of a method with `handler`, each in a task of its own.

        Requests that have no handler and that no subscription takes are refused. An exception other than
        AppServerError is answered with an internal error and then ends the client's block; so does a result that the
        method does not have (InvalidMessage), which a server would take for a refusal.
        """
        self._handlers[method] = handler

    def take(self, method: str, taker: Taker) -> None:
        """Have `taker` take every notification of a method; nothing more is received meanwhile, replies neither.

        A server that waits for its messages to be received then waits as well.
        """
        self._takers[method] = taker

    @contextlib.contextmanager
    def subscribe(
        self,
        *,
        methods: Collection[str] | None = None,
        thread_id: str | None = None,
        requests: bool = False,
        buffer_size: int = 10_000,
    ) -> Generator[Subscription]:
        """Receive messages from now on, as a `Subscription` to iterate.

        `methods` and `thread_id` narrow what comes; `requests=True` also delivers server requests that no handler
        answers. `buffer_size` bounds, in messages, how far the subscriber may fall behind.
        """
        subscription = Subscription(methods=methods, thread_id=thread_id, requests=requests, buffer_size=buffer_size)
        if self._gone is not None:
            subscription.end(self._gone)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    async def send_raw(self, line: bytes) -> None:
        """Send bytes as a message, whatever they are."""
        if self._observer is not None:
            self._observer("client", line)
        await self._channel.send(line)

    async def _send(self, envelope: dict[str, Any]) -> None:
        encoded = msgspec.json.encode(envelope)
        if self._observer is not None:
            self._observer("client", msgspec.json.decode(encoded))
        try:
            await self._channel.send(encoded)
        except _CHANNEL_GONE:
            raise await self._end() from None

    def _check_open(self) -> None:
        if self._gone is not None:
            raise self._gone

    async def read_messages(self) -> None:
        """Receive until the server closes. Run by `open_client`."""
        with contextlib.suppress(*_CHANNEL_GONE):
            while (line := await self._channel.receive()) is not None:
                message = self._receive(line)
                if isinstance(message, Notification) and message.method in self._takers:
                    await self._takers[message.method](message)
        await self._end()

    def _receive(self, line: bytes) -> Notification | ServerRequest | None:
        """Pass a message on; return one that is no reply and that no handler has."""
        decoded = msgspec.json.decode(line)
        if self._observer is not None:
            self._observer("server", decoded)
        message = classify(decoded)
        if isinstance(message, Reply):
            waiting = None if message.id is None else self._replies.get(message.id)
            if waiting is not None:
                waiting.send_nowait(message)
            return None
        if isinstance(message, ServerRequest) and message.method in self._handlers:
            self._nursery.start_soon(self._answer, message, self._handlers[message.method])
            return None
        taken = False
        for subscription in self._subscriptions:
            subscription.offer(message)
            taken = taken or subscription.takes_requests
        if isinstance(message, ServerRequest) and self._refuse_unhandled and not taken:
            self._nursery.start_soon(self._refuse_without_handler, message)
        return message

    async def _answer(self, request: ServerRequest, handler: Handler) -> None:
        try:
            result = await handler(request)
            check_answer(request.method, result)
        except AppServerError as error:
            await self.refuse(request, error.message, code=error.code)
        except Exception as error:
            reason = str(error) if isinstance(error, InvalidMessage) else "the client's handler failed"
            with contextlib.suppress(ServerGone):
                await self.refuse(request, reason)
            raise
        else:
            with contextlib.suppress(ServerGone):
                await self.respond_unchecked(request, result)

    async def _refuse_without_handler(self, request: ServerRequest) -> None:
        with contextlib.suppress(ServerGone):
            await self.refuse(request, f"no handler for {request.method}", code=_METHOD_NOT_FOUND)

    async def _end(self) -> ServerGone:
        """Tell everybody who waits for the server that it is gone."""
        if self._gone is None:
            gone = ServerGone("the server closed the connection")
            if self.describe_end is not None:
                gone = await self.describe_end()
            self._gone = self._gone or gone
            self.closed.set()
            for sender in self._replies.values():
                sender.close()
            for subscription in self._subscriptions:
                subscription.end(self._gone)
        return self._gone


def thread_of(params: Any) -> str | None:
    """Return the thread that a message is about, or None."""
    match params:
        case {"threadId": str(thread_id)} | {"thread": {"id": str(thread_id)}}:
            return thread_id
        case _:
            return None


def _params(params: Any) -> dict[str, Any]:
    return {} if params is _NO_PARAMS else {"params": params}


@with_plain_errors
@contextlib.asynccontextmanager
async def open_client(
    channel: MessageChannel, *, observer: Observer | None = None, refuse_unhandled: bool = True
) -> AsyncGenerator[AppServerClient]:
    """Talk to an app-server over a channel until the block ends; then the channel is closed.

    `observer` sees every message in order, for logs and recordings. `refuse_unhandled=False` leaves server requests
    without a handler or subscriber unanswered, for an observer that answers by itself. An error of the block, or of a
    handler, leaves the block as it is; only several at once come in an exception group.
    """
    async with trio.open_nursery() as nursery:
        client = AppServerClient(channel, nursery, observer=observer, refuse_unhandled=refuse_unhandled)
        nursery.start_soon(client.read_messages)
        try:
            yield client
        finally:
            nursery.cancel_scope.cancel()
            with trio.move_on_after(1, shield=True):
                await channel.aclose()
