"""Requests that their client may give up by their ids.

Owns which requests of one kind are under way, and ending them early. Does not own what the client is told then
(processors), nor requests that end with their connection (rpc.connection).
"""

from functools import partial

import trio

from codex_trio.rpc.codec import RequestId
from codex_trio.rpc.context import ConnectionId, RequestContext

_Key = tuple[ConnectionId, RequestId]


class CancellableRequests:
    """Those of one kind: who gives up a request of another kind, or of another client, gives up nothing."""

    def __init__(self) -> None:
        self._under_way: dict[_Key, list[trio.CancelScope]] = {}

    def begin(self, context: RequestContext) -> trio.CancelScope:
        """Return the scope to do a request's work in; from now on the request can be given up.

        To be called by the handler itself, before anything waits: the next message may be the one that gives it up.
        """
        key = (context.connection.id, context.request_id)
        scope = trio.CancelScope()
        self._under_way.setdefault(key, []).append(scope)
        context.when_answered(partial(self._end, key, scope))
        return scope

    def cancel(self, context: RequestContext, request_id: RequestId) -> None:
        """Give up a request of the client that asks for it; nothing happens when it is not under way."""
        for scope in self._under_way.get((context.connection.id, request_id), ()):
            scope.cancel()

    def _end(self, key: _Key, scope: trio.CancelScope) -> None:
        scopes = self._under_way[key]
        scopes.remove(scope)
        if not scopes:
            del self._under_way[key]
