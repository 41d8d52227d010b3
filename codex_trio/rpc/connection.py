"""One client, from its first byte to its last: the tasks that read, answer and write.

Owns the nursery of a connection: the reader, the writer and a task per request. When the client goes, its requests
are cancelled; threads and turns are not its children and go on. Does not own how requests are answered
(rpc.dispatcher), what else the server has to say (rpc.outgoing) or how bytes travel (transport/).
Called once per client by whatever listens.
"""

import logging

import trio

from codex_trio.rpc import codec
from codex_trio.rpc.dispatcher import INITIALIZE, AdmittedRequest, Dispatcher
from codex_trio.rpc.errors import overloaded, shutting_down
from codex_trio.rpc.outbox import OVERFLOW_BYTES, Outbox
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.transport.base import CloseReason, MessageTooLong, MessageTransport, TransportClosed

_log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long requests may go on after the client said that it will send no more: most take milliseconds, and one that
waits for the client will not end."""

FLUSH_SECONDS = 5.0
"""How long the last messages may take to be written: a client that still reads takes them at once."""

HURRIED_FLUSH_SECONDS = 0.5
"""The same when somebody wants the server to end at once."""

MAX_IN_FLIGHT = 4096
"""Requests of one client that may be under way or wait for their turn; more are refused, so that memory is bounded
and replies to server requests still get through."""


class Connection:
    """The tasks of one client and what they share; `run` once.

    Args:
        transport: open, and used by nobody else; closed in the end.
        dispatcher: answers the client's requests.
        outgoing: gets the client's replies, and knows the connection as long as it lasts.
        remote: whether the client may be on another machine.
        overflow_bytes: queued for a client that does not read before it is disconnected.
    """

    def __init__(
        self,
        transport: MessageTransport,
        *,
        dispatcher: Dispatcher,
        outgoing: OutgoingMessages,
        remote: bool,
        overflow_bytes: int = OVERFLOW_BYTES,
    ) -> None:
        self._transport = transport
        self._dispatcher = dispatcher
        self._outgoing = outgoing
        self._serving = trio.CancelScope()
        self._reading = trio.CancelScope()
        self._writing = trio.CancelScope(shield=True)
        self._outbox = Outbox(overflow=overflow_bytes, on_overflow=self._give_up_slow_client)
        self._handle = outgoing.connect(self._outbox, remote=remote)
        self._in_flight = 0
        self._close_reason: CloseReason | None = None

    def close(self, reason: CloseReason, *, at_once: bool) -> None:
        """Lets the client go: requests under way are still answered, new ones are refused, and the reason is told.

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
        """Serves the client until it is gone or the task is cancelled; either way what is queued is still written."""
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
            async with trio.open_nursery() as requests:
                try:
                    with self._reading:
                        await self._read(requests)
                except TransportClosed as closed:
                    _log.info("connection %d: the client is gone: %s", self._handle.id, closed)
                    requests.cancel_scope.cancel()
                else:
                    requests.cancel_scope.deadline = trio.current_time() + ANSWER_SECONDS
        if self._in_flight:
            _log.info("connection %d: %d requests were left unanswered", self._handle.id, self._in_flight)

    async def _read(self, requests: trio.Nursery) -> None:
        while True:
            if self._outbox.congested:
                # Who does not read its answers is not asked for more questions.
                await self._outbox.ready()
            try:
                message = await self._transport.receive()
            except MessageTooLong as error:
                self._warn(str(error))
                continue
            if message is None:
                return
            if not message or message.isspace():
                continue
            match codec.decode(message):
                case codec.IncomingRequest() as request:
                    await self._accept(request, requests)
                case codec.IncomingResponse() | codec.IncomingError() as reply:
                    self._outgoing.receive_reply(reply)
                case codec.IncomingNotification(method):
                    # `initialized` is the only one there is, and nothing waits for it.
                    _log.debug("connection %d: notification %s", self._handle.id, method)
                case codec.Malformed(reason):
                    self._warn(reason)

    async def _accept(self, request: codec.IncomingRequest, requests: trio.Nursery) -> None:
        if self._close_reason is not None:
            self._outbox.put(codec.encode_error(request.id, shutting_down().to_body()))
            return
        if self._in_flight >= MAX_IN_FLIGHT:
            self._outbox.put(codec.encode_error(request.id, overloaded().to_body()))
            return
        admitted = self._dispatcher.admit(request, self._handle)
        if admitted is None:
            return
        self._in_flight += 1
        if request.method == INITIALIZE:
            # Whether what follows is allowed depends on it.
            await self._answer(admitted)
        else:
            requests.start_soon(self._answer, admitted)

    async def _answer(self, request: AdmittedRequest) -> None:
        await self._dispatcher.answer(request)
        # Not reached by those that are cancelled, which are counted as unanswered in the end.
        self._in_flight -= 1
        if self._close_reason is not None:
            self._stop_reading_when_done()

    def _stop_reading_when_done(self) -> None:
        # Until then our own questions can still be answered, which requests under way may wait for.
        if not self._in_flight:
            self._reading.cancel()

    async def _write(self) -> None:
        with self._writing:
            try:
                while (batch := await self._outbox.take()) is not None:
                    await self._transport.send_many(batch)
            except TransportClosed as closed:
                _log.info("connection %d: the client is gone: %s", self._handle.id, closed)
                self._outbox.abandon()
                self._serving.cancel()
        if self._writing.cancelled_caught:
            _log.warning("connection %d: the client did not take its last messages", self._handle.id)

    def _warn(self, problem: str) -> None:
        """A message without an id cannot be answered; a developer should still see why nothing comes back."""
        _log.warning("connection %d: ignored a message: %s", self._handle.id, problem)
        # Imported here because few clients ever need it, and all of them wait for the start.
        from codex_trio_protocol.v2.notice import WarningNotification

        notice = WarningNotification(message=f"A message was ignored: {problem}.")
        self._outgoing.notify("warning", notice, targets=[self._handle.id])

    def _give_up_slow_client(self) -> None:
        _log.warning("connection %d: disconnected, because the client does not read", self._handle.id)
        self._serving.cancel()
        self._writing.cancel()
