"""One client, from its first byte to its last: the tasks that read, answer and write.

Owns the nursery of a connection: the reader, the writer, a task per request, and around these the client's resources.
When the client goes, its requests are cancelled and its resources closed; threads and turns are not its children and
go on. Does not own how requests are answered
(rpc.dispatcher), what else the server has to say (rpc.outgoing) or how bytes travel (transport/).
Called once per client by whatever listens.
"""

import logging
import time
from typing import Protocol

import trio

from codex_trio.rpc import codec
from codex_trio.rpc.dispatcher import INITIALIZE, AdmittedRequest, Dispatcher
from codex_trio.rpc.errors import overloaded, shutting_down
from codex_trio.rpc.in_flight import InFlight
from codex_trio.rpc.outbox import PEER_LIMITS, SOCKET_LIMITS, Outbox, OutboxLimits
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.transport.base import MessageTooLong, MessageTransport, SendsNow, TransportClosed
from codex_trio.util.close_reason import CloseReason

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long requests may go on after the client said that it will send no more: most take milliseconds, and one that
waits for the client will not end."""

FLUSH_SECONDS = 5.0
"""How long the last messages may take to be written: a client that still reads takes them at once."""

HURRIED_FLUSH_SECONDS = 0.5
"""The same when somebody wants the server to end at once."""

TOO_SLOW = CloseReason(code=1008, text="too many unread messages: read faster, reconnect and resume your threads")
"""Told to a client that was given up; the code is that of a violated policy."""

_READ_SLICE_SECONDS = 0.001
"""For how long messages that have already come are dealt with before other tasks get their turn."""


class Activity(Protocol):
    """Knows how much clients ask for."""

    def began(self) -> None:
        """Note that a request has come."""
        ...

    def ended(self) -> None:
        """Note that a request was answered, or is answered no more."""
        ...


class _NobodyCares:
    def began(self) -> None: ...
    def ended(self) -> None: ...


class Connection:
    """The tasks of one client and what they share; `run` once.

    Args:
        transport: open, and used by nobody else; closed in the end, with the reason when it is this side that ends it.
        dispatcher: answers the client's requests.
        outgoing: gets the client's replies, and knows the connection as long as it lasts.
        remote: whether the client may be on another machine.
        activity: is told when requests begin and end.
        limits: how far the client may be behind; by default what suits the transport's kind.
    """

    def __init__(
        self,
        transport: MessageTransport,
        *,
        dispatcher: Dispatcher,
        outgoing: OutgoingMessages,
        remote: bool,
        activity: Activity | None = None,
        limits: OutboxLimits | None = None,
    ) -> None:
        self._transport = transport
        self._dispatcher = dispatcher
        self._outgoing = outgoing
        self._serving = trio.CancelScope()
        self._reading = trio.CancelScope()
        self._writing = trio.CancelScope(shield=True)
        # There is one client behind a pipe: it is held up, not turned away.
        peer = transport.kind in ("stdio", "in_process")
        limits = limits or (PEER_LIMITS if peer else SOCKET_LIMITS)
        write_now = transport.send_now if isinstance(transport, SendsNow) else None
        self._outbox = Outbox(limits, on_overflow=self._give_up_slow_client, write_now=write_now)
        self._in_flight = InFlight(self._outbox, paced=peer)
        rpc_transport = "websocket" if transport.kind == "unix" else transport.kind
        self._handle = outgoing.connect(self._outbox, remote=remote, transport=rpc_transport)
        self._close_reason: CloseReason | None = None
        self._activity = activity or _NobodyCares()

    def close(self, reason: CloseReason, *, at_once: bool) -> None:
        """Let the client go: requests under way are still answered, new ones are refused, and the reason is told.

        Args:
            reason: why, for the client's developer.
            at_once: whether requests under way are cancelled instead.
        """
        self._close_reason = reason
        if at_once:
            self._writing.deadline = min(self._writing.deadline, trio.current_time() + HURRIED_FLUSH_SECONDS)
            self._serving.cancel()
        else:
            self._stop_reading_when_done()

    async def run(self) -> None:
        """Serve the client until it is gone or the task is cancelled; either way what is queued is still written."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                try:
                    await self._serve()
                finally:
                    # The writer ends when all is written. It is shielded, so that this holds under cancellation too.
                    self._outbox.close()
                    self._writing.deadline = min(self._writing.deadline, trio.current_time() + FLUSH_SECONDS)
        finally:
            self._outgoing.disconnect(self._handle.id)
            with trio.CancelScope(shield=True):
                await self._transport.aclose(self._close_reason)

    async def _serve(self) -> None:
        with self._serving:
            # Requests end first: no resource is added to those that are being closed.
            async with self._handle.resources.hosted(), trio.open_nursery() as requests:
                try:
                    with self._reading:
                        await self._read(requests)
                except TransportClosed as closed:
                    _log.info("connection %d: the client is gone: %s", self._handle.id, closed)
                    requests.cancel_scope.cancel()
                else:
                    requests.cancel_scope.deadline = trio.current_time() + ANSWER_SECONDS
        if self._in_flight.count:
            _log.info("connection %d: %d requests were left unanswered", self._handle.id, self._in_flight.count)

    async def _read(self, requests: trio.Nursery) -> None:
        busy = 0.0
        while True:
            if busy > _READ_SLICE_SECONDS:
                # Messages at hand are received without a wait.
                await trio.lowlevel.checkpoint()
                busy = 0.0
            try:
                message = await self._transport.receive()
            except MessageTooLong as error:
                self._warn(str(error))
                continue
            if message is None:
                return
            started = time.perf_counter()
            if message and not message.isspace():
                await self._receive(message, requests)
            busy += time.perf_counter() - started

    async def _receive(self, message: bytes, requests: trio.Nursery) -> None:
        match codec.decode(message):
            case codec.IncomingRequest() as request:
                await self._accept(request, len(message), requests)
            case codec.IncomingResponse() | codec.IncomingError() as reply:
                self._outgoing.receive_reply(reply, self._handle)
            case codec.IncomingNotification(method):
                # `initialized` is the only one there is, and nothing waits for it.
                _log.debug("connection %d: notification %s", self._handle.id, method)
            case codec.Malformed(reason):
                self._warn(reason)

    async def _accept(self, request: codec.IncomingRequest, size: int, requests: trio.Nursery) -> None:
        has_room = self._in_flight.takes(request.method) or await self._in_flight.wait_for_room()
        if self._close_reason is not None or not has_room:
            refusal = overloaded() if self._close_reason is None else shutting_down()
            self._outbox.put(codec.encode_error(request.id, refusal.to_body()))
            return
        self._activity.began()
        admitted = self._dispatcher.admit(request, self._handle)
        if admitted is None:
            self._activity.ended()
            return
        self._in_flight.add(size)
        if request.method == INITIALIZE:
            # Whether what follows is allowed depends on it.
            await self._answer(admitted, size)
        else:
            requests.start_soon(self._answer, admitted, size)

    async def _answer(self, request: AdmittedRequest, size: int) -> None:
        try:
            await self._dispatcher.answer(request)
        finally:
            self._activity.ended()
        # Not reached by those that are cancelled, which are counted as unanswered in the end.
        self._in_flight.remove(size)
        if self._close_reason is not None:
            self._stop_reading_when_done()

    def _stop_reading_when_done(self) -> None:
        # Until then our own questions can still be answered, which requests under way may wait for.
        if not self._in_flight.count:
            self._reading.cancel()

    async def _write(self) -> None:
        with self._writing:
            try:
                while (batch := await self._outbox.take()) is not None:
                    await self._transport.send_many(batch)
                    # A big answer is not to be kept until the next one.
                    del batch
            except TransportClosed as closed:
                _log.info("connection %d: the client is gone: %s", self._handle.id, closed)
                self._serving.cancel()
        # Whoever waits for what was not written waits no longer.
        self._outbox.abandon()
        if self._writing.cancelled_caught:
            _log.warning("connection %d: the client did not take its last messages", self._handle.id)

    def _warn(self, problem: str) -> None:
        """Warn of a message without an id, which cannot be answered: a developer should see why nothing comes back."""
        _log.warning("connection %d: ignored a message: %s", self._handle.id, problem)
        # Imported here because few clients ever need it, and all of them wait for the start.
        from codex_trio_protocol.v2.notice import WarningNotification

        notice = WarningNotification(message=f"A message was ignored: {problem}.")
        self._outgoing.notify("warning", notice, targets=[self._handle.id])

    def _give_up_slow_client(self) -> None:
        _log.warning("connection %d: disconnected, because the client does not read", self._handle.id)
        self._close_reason = TOO_SLOW
        # What is being written may be written to its end, so that the reason can be told after it.
        self._serving.cancel()
