"""A question of the server to its clients, from the asking to the first reply.

Owns what waiters are told. Does not own who is asked, nor the table of open questions (rpc.outgoing, which makes these
and settles them). Used by whoever asks: the thread layer, processors.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec
import trio
from codex_trio_protocol.jsonrpc import INTERNAL_ERROR

from codex_trio.rpc.context import ConnectionHandle, ConnectionId

FailureReason: TypeAlias = Literal["error", "undecodable", "withdrawn", "disconnected"]


class ServerRequestFailed(Exception):
    """A server request that got no usable reply. Whoever asked for permission takes it as a no.

    `reason` tells the client's own error from a reply that does not have the method's shape, from a request that was
    withdrawn, and from one whose clients are all gone. `code`, `message` and `data` are those of the client's error.
    """

    def __init__(
        self,
        reason: FailureReason,
        message: str,
        *,
        code: int = INTERNAL_ERROR,
        data: Any = None,
    ) -> None:
        super().__init__(message)
        self.reason: FailureReason = reason
        self.message = message
        self.code = code
        self.data = data


class PendingServerRequest:
    """A question put to one or more clients; the first reply counts."""

    def __init__(
        self,
        request_id: int,
        method: str,
        params: msgspec.Struct,
        *,
        thread_id: str | None,
        targets: frozenset[ConnectionId] | None,
        on_settled: Callable[["PendingServerRequest"], object],
    ) -> None:
        self.id = request_id
        self.method = method
        self.params = params
        self.thread_id = thread_id
        self.targets = targets
        """Whom it was put to; None for everybody."""
        self.put_to: set[ConnectionId] = set()
        """Who got it, and may reply: those who came later and resumed its thread among them."""
        self.replied_by: ConnectionHandle | None = None
        """Whose reply settled it, if one did."""
        self.counted_for: set[ConnectionId] = set()
        """For which connections it is recorded as a fact."""
        self._on_settled = on_settled
        self._settled = trio.Event()
        self._outcome: object = None

    @property
    def settled(self) -> bool:
        """Whether a reply or failure is there, so that `wait` returns at once."""
        return self._settled.is_set()

    @property
    def outcome(self) -> object:
        """The decoded reply, or a `ServerRequestFailed`. Means nothing before it is settled."""
        return self._outcome

    async def wait(self) -> Any:
        """Return the reply, decoded as the method's result type. Cancelling the wait leaves the request pending.

        Raises:
            ServerRequestFailed: there is no usable reply.
        """
        await self._settled.wait()
        if isinstance(self._outcome, ServerRequestFailed):
            raise self._outcome
        return self._outcome

    def withdraw(self) -> None:
        """Give up on the reply: the waiter fails with reason `withdrawn`, and a later reply is dropped."""
        self.settle(ServerRequestFailed("withdrawn", "the request was withdrawn"))

    def settle(self, outcome: object) -> None:
        """Take the reply or failure. Only the first counts."""
        if not self._settled.is_set():
            self._outcome = outcome
            self._settled.set()
            self._on_settled(self)
