"""What a request handler knows about the request it answers and the client that sent it.

Owns the description of a connection that the rest of the server may hold on to. Does not own its tasks, its transport
(rpc.connection) or the sending of messages (rpc.outgoing). Used by processors.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import trio

from codex_trio.analytics.facts import RpcTransport
from codex_trio.rpc.codec import RequestId
from codex_trio.rpc.outbox import Outbox
from codex_trio.rpc.resources import ConnectionResources

ConnectionId = int
"""Numbers connections of this process from 1; never used twice."""


class ClientProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What a client said about itself in `initialize`."""

    name: str
    title: str | None
    version: str
    experimental_api: bool
    opted_out: frozenset[str]
    """Methods of notifications that it does not want, exact names."""
    request_attestation: bool = False
    """Whether it answers `attestation/generate`."""


class ConnectionHandle:
    """One client. It may be gone: what is sent to it then goes nowhere.

    Args:
        remote: whether the client may be on another machine, which some methods do not allow.
        transport: what it is connected by, as analytics count it.
    """

    def __init__(self, connection_id: ConnectionId, outbox: Outbox, *, remote: bool, transport: RpcTransport) -> None:
        self.id = connection_id
        self.outbox = outbox
        self.remote = remote
        self.transport: RpcTransport = transport
        self.client: ClientProfile | None = None
        self.resources = ConnectionResources()
        """What the client has of its own; closed before the connection is gone."""

    @property
    def initialized(self) -> bool:
        """Whether its `initialize` was answered: only then it gets notifications."""
        return self.client is not None

    @property
    def experimental_api(self) -> bool:
        """Whether it may use experimental methods and fields."""
        return self.client is not None and self.client.experimental_api

    def wants(self, method: str) -> bool:
        """Return whether a notification of this method may be sent to it."""
        return self.client is not None and method not in self.client.opted_out


class RequestContext:
    """One request under way. Handlers get it next to their params."""

    def __init__(
        self,
        connection: ConnectionHandle,
        request_id: RequestId,
        method: str,
        *,
        leave_scope: Callable[[], None] = lambda: None,
    ) -> None:
        self.connection = connection
        self.request_id = request_id
        self.method = method
        self.leave_scope = leave_scope
        """Lets the next request of the same scope run, though this one is not answered yet."""
        self.answered = trio.Event()
        """Set when the answer is queued for the client, or the request ends without one: it always comes."""
        self._callbacks: list[Callable[[], object]] = []
        self._endings: list[Callable[[], object]] = []

    def after_response(self, callback: Callable[[], object]) -> None:
        """Have a synchronous function run right after the result is queued for the client.

        No other task runs in between, so what it sends comes next on the wire, and what it starts cannot overtake the
        answer. Functions run in the order given, and not at all when the request fails.
        """
        self._callbacks.append(callback)

    def when_answered(self, callback: Callable[[], object]) -> None:
        """Have a synchronous function run when `answered` is set, whether the request succeeds or not.

        It must not raise. No other task runs between the answer, what `after_response` was given, and this.
        """
        self._endings.append(callback)

    def settle(self) -> None:
        """Note that the request was answered, or never will be."""
        endings, self._endings = self._endings, []
        self.answered.set()
        for callback in endings:
            callback()

    def take_callbacks(self) -> list[Callable[[], object]]:
        """For the dispatcher: the functions to run, once."""
        callbacks, self._callbacks = self._callbacks, []
        return callbacks


Handler = Callable[[Any, RequestContext], object]
"""Answers one method: typed params (None for methods without) to the result struct, or raises.

A handler that waits is a coroutine function, and runs in a task of its own. One that never waits is a plain function,
and is answered on the spot: it must not take more than a millisecond or two.
"""
