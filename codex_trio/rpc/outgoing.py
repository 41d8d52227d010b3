"""Everything that the server says to clients on its own: notifications, and requests that wait for a reply.

Owns the list of connections, which of them receive a message, and the table of unanswered server requests.
Does not own answers to client requests (rpc.dispatcher) nor which connections follow a thread (the thread manager,
which passes them as targets). Used by processors and the thread layer; connections report replies to it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

import msgspec
import trio
from codex_trio_protocol.jsonrpc import INVALID_REQUEST
from codex_trio_protocol.table import SERVER_NOTIFICATIONS, MethodSpec

from codex_trio.analytics.facts import RpcTransport, ServerRequestAborted, ServerRequestAnswered, ServerRequested
from codex_trio.analytics.sink import FactSink
from codex_trio.rpc import shape
from codex_trio.rpc.codec import (
    IncomingError,
    IncomingResponse,
    encode_long_notification,
    encode_notification,
    encode_request,
)
from codex_trio.rpc.context import ConnectionHandle, ConnectionId
from codex_trio.rpc.deltas import delta_notification
from codex_trio.rpc.outbox import Outbox
from codex_trio.rpc.server_requests import PendingServerRequest, ServerRequestFailed
from codex_trio.util import clock

_log = logging.getLogger(__name__)


class OutgoingMessages:
    """One per process, so that server request ids are never ambiguous between connections.

    Args:
        server_requests: the method table's rows of what the server may ask.
        facts: gets what is counted of server requests.
        notifications: its rows of what the server may tell; what has none is for every client.
        now_ms: the wall clock in Unix milliseconds, by default the system's.
    """

    def __init__(
        self,
        server_requests: Mapping[str, MethodSpec],
        *,
        facts: FactSink,
        notifications: Mapping[str, MethodSpec] = SERVER_NOTIFICATIONS,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        self._server_requests = server_requests
        self._facts = facts
        self._notifications = notifications
        self._now_ms = now_ms or clock.now_ms
        self._connections: dict[ConnectionId, ConnectionHandle] = {}
        self._last_connection_id = 0
        self._pending: dict[int, PendingServerRequest] = {}
        self._next_request_id = 0

    # Connections

    def connect(self, outbox: Outbox, *, remote: bool, transport: RpcTransport) -> ConnectionHandle:
        """Add a client. It gets notifications once it is initialized."""
        self._last_connection_id += 1
        handle = ConnectionHandle(self._last_connection_id, outbox, remote=remote, transport=transport)
        self._connections[handle.id] = handle
        return handle

    def disconnect(self, connection_id: ConnectionId) -> None:
        """Forget a client. Questions about a thread stay open for whoever resumes it."""
        if self._connections.pop(connection_id, None) is None:
            return
        for pending in list(self._pending.values()):
            self._give_up_if_alone(pending)

    def connections(self) -> list[ConnectionHandle]:
        """Return the clients of this moment, initialized or not, in the order in which they came."""
        return list(self._connections.values())

    # Notifications

    def notify(self, method: str, params: object, *, targets: Iterable[ConnectionId] | None = None) -> None:
        """Queue a notification, encoded once, for the initialized ones of the targets that want it.

        Those who opted out of it do not, nor do those without the experimental capability if it is experimental.

        Args:
            method: its name on the wire.
            params: the row's params struct.
            targets: connections, of which some may be gone; None for all.
        """
        receivers = self._receivers(method, targets)
        if receivers:
            now = self._now_ms()
            message = encode_notification(method, params, emitted_at_ms=now)
            delta = delta_notification(method, params, now)
            for handle in receivers:
                handle.outbox.put(message, delta)

    def notify_one(self, method: str, params: object, *, target: ConnectionId) -> None:
        """Queue the same for one client; the params may hold what was encoded before (`codec.Encoded`)."""
        for handle in self._receivers(method, [target]):
            handle.outbox.put(encode_long_notification(method, params, emitted_at_ms=self._now_ms()))

    async def send_and_wait(self, method: str, params: object, *, target: ConnectionId) -> bool:
        """Send one client a notification and wait until the transport has all of it; False if it is not sent.

        For what is produced as fast as the client reads, such as the output of a process: who awaits this after each
        chunk of a stream never has more than that chunk in memory.
        """
        for handle in self._receivers(method, [target]):
            return await handle.outbox.put_and_wait(encode_notification(method, params, emitted_at_ms=self._now_ms()))
        await trio.lowlevel.checkpoint()
        return False

    async def ready(self, targets: Iterable[ConnectionId] | None = None) -> None:
        """Wait while a target that producers wait for is behind: await it between many messages.

        Targets that are gone are not waited for. A checkpoint in any case, so that writers get their turn.
        """
        await trio.lowlevel.checkpoint()
        for handle in list(self._handles(targets)):
            if handle.outbox.producers_wait and handle.outbox.congested:
                await handle.outbox.ready()

    def _receivers(self, method: str, targets: Iterable[ConnectionId] | None) -> list[ConnectionHandle]:
        """Return the targets that want a notification of this method and may have it."""
        spec = self._notifications.get(method)
        gated = spec is not None and spec.experimental
        return [
            handle
            for handle in self._handles(targets)
            if handle.wants(method) and (handle.experimental_api or not gated)
        ]

    def _handles(self, targets: Iterable[ConnectionId] | None) -> Iterable[ConnectionHandle]:
        if targets is None:
            return self._connections.values()
        return [self._connections[target] for target in targets if target in self._connections]

    # Server requests

    def request(
        self,
        method: str,
        params: msgspec.Struct,
        *,
        thread_id: str | None,
        targets: Iterable[ConnectionId] | None,
        on_settled: Callable[[PendingServerRequest], object] = lambda _: None,
    ) -> PendingServerRequest:
        """Put a question to every target, with the same id. Await `wait` on what it returns.

        Args:
            method: a row of the server request table.
            params: the row's params struct.
            thread_id: the thread that it is about: clients that resume the thread later are asked too, and it stays
                open without any client. None for a question to these clients only, which fails when they are gone.
            targets: connections, of which some may be gone; None for every initialized one. That is nobody in
                particular, and is not counted.
            on_settled: a synchronous function run as soon as there is a reply or failure: before the waiter resumes,
                and before any client's next message is looked at.
        """
        request_id = self._next_request_id
        self._next_request_id += 1

        def forget(pending: PendingServerRequest) -> None:
            self._pending.pop(pending.id, None)
            self._count_end(pending)
            try:
                on_settled(pending)
            except Exception:
                _log.exception("what follows the reply to %s failed", pending.method)

        pending = PendingServerRequest(
            request_id,
            method,
            params,
            thread_id=thread_id,
            targets=None if targets is None else frozenset(targets),
            on_settled=forget,
        )
        self._pending[request_id] = pending
        message = encode_request(method, request_id, params)
        for handle in self._asked(pending):
            pending.put_to.add(handle.id)
            handle.outbox.put(message)
            if pending.targets is not None:
                self._count(pending, handle, replayed=False)
        self._give_up_if_alone(pending)
        return pending

    def pending_for(self, thread_id: str) -> list[PendingServerRequest]:
        """Return the unanswered questions about a thread, oldest first."""
        return [pending for pending in self._pending.values() if pending.thread_id == thread_id]

    def replay(self, thread_id: str, connection_id: ConnectionId) -> None:
        """Put the unanswered questions about a thread to one more client, with their ids."""
        for handle in self._handles([connection_id]):
            for pending in self.pending_for(thread_id):
                pending.put_to.add(handle.id)
                handle.outbox.put(encode_request(pending.method, pending.id, pending.params))
                self._count(pending, handle, replayed=True)

    def cancel(self, thread_id: str) -> None:
        """Withdraw the unanswered questions about a thread."""
        for pending in self.pending_for(thread_id):
            pending.withdraw()

    def receive_reply(self, reply: IncomingResponse | IncomingError, connection: ConnectionHandle) -> None:
        """Take a client's reply. One that nobody waits for, or waits for no longer, is dropped.

        So is one from a client that was not asked: ids are easy to guess, and a question may be about permission.
        """
        pending = self._pending.get(reply.id) if isinstance(reply.id, int) else None
        if pending is None:
            _log.debug("dropped a reply to request %r, which is not pending", reply.id)
            return
        if connection.id not in pending.put_to:
            _log.warning("dropped a reply to request %d from connection %d, not asked", pending.id, connection.id)
            return
        pending.replied_by = connection
        pending.settle(self._outcome(pending, reply))

    def _asked(self, pending: PendingServerRequest) -> list[ConnectionHandle]:
        """Return the clients of this moment that a question was put to."""
        if pending.targets is None:
            return [handle for handle in self._connections.values() if handle.initialized]
        return list(self._handles(pending.targets))

    def _give_up_if_alone(self, pending: PendingServerRequest) -> None:
        if pending.thread_id is None and not self._asked(pending):
            pending.settle(ServerRequestFailed("disconnected", "no client is left to reply"))

    def _outcome(self, pending: PendingServerRequest, reply: IncomingResponse | IncomingError) -> object:
        if isinstance(reply, IncomingError):
            return ServerRequestFailed("error", reply.message, code=reply.code, data=reply.data)
        try:
            return shape.decode(reply.result, self._server_requests[pending.method].result_type())
        except shape.ShapeError as error:
            # What it says stays out of the log: it may quote what a person typed.
            _log.warning("the reply to %s (request %d) does not have its shape", pending.method, pending.id)
            return ServerRequestFailed("undecodable", str(error), code=INVALID_REQUEST)

    # What is counted: a question once for each connection that it was put to in particular, and its end.

    def _count(self, pending: PendingServerRequest, handle: ConnectionHandle, *, replayed: bool) -> None:
        if handle.id in pending.counted_for or handle.outbox.closed:
            return
        pending.counted_for.add(handle.id)
        self._facts.record(
            ServerRequested(
                connection_id=handle.id,
                transport=handle.transport,
                request_id=pending.id,
                method=pending.method,
                params=pending.params,
                replayed=replayed,
                sent_at_ms=self._now_ms(),
            )
        )

    def _count_end(self, pending: PendingServerRequest) -> None:
        if not pending.counted_for:
            return
        replied_by = pending.replied_by
        if isinstance(pending.outcome, ServerRequestFailed):
            self._facts.record(
                ServerRequestAborted(
                    connection_id=None if replied_by is None else replied_by.id,
                    request_id=pending.id,
                    method=pending.method,
                    reason=pending.outcome.reason,
                    completed_at_ms=self._now_ms(),
                )
            )
        elif replied_by is not None:
            self._facts.record(
                ServerRequestAnswered(
                    connection_id=replied_by.id,
                    transport=replied_by.transport,
                    request_id=pending.id,
                    method=pending.method,
                    result=pending.outcome,
                    completed_at_ms=self._now_ms(),
                )
            )
