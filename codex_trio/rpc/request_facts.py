"""Which client requests are counted, and how they become facts.

Owns the choice of methods. Does not own what becomes of facts (analytics).
"""

from typing import Any

from codex_trio.analytics.facts import ClientAnswered, ClientInitialized, ClientRefused, ClientRequested
from codex_trio.analytics.sink import FactSink
from codex_trio.rpc.context import ConnectionHandle, RequestContext
from codex_trio.rpc.errors import RpcError

_REQUESTS = frozenset({"turn/start", "turn/steer"})
_RESULTS = frozenset({"thread/start", "thread/resume", "thread/fork", "turn/start", "turn/steer"})


class RequestFacts:
    """Records what is counted of client requests, with the connection and its transport."""

    def __init__(self, sink: FactSink) -> None:
        self._sink = sink

    def initialized(self, connection: ConnectionHandle) -> None:
        """Record that the client has introduced itself."""
        client = connection.client
        if client is not None:
            self._sink.record(
                ClientInitialized(
                    connection_id=connection.id,
                    transport=connection.transport,
                    client_name=client.name,
                    client_version=client.version,
                    experimental_api=client.experimental_api,
                )
            )

    def requested(self, context: RequestContext, params: Any) -> None:
        """Record a request that passed the gates."""
        if context.method in _REQUESTS:
            connection = context.connection
            self._sink.record(
                ClientRequested(
                    connection_id=connection.id,
                    transport=connection.transport,
                    request_id=context.request_id,
                    method=context.method,
                    params=params,
                )
            )

    def answered(self, context: RequestContext, result: Any) -> None:
        """Record that its result is queued for the client."""
        if context.method in _RESULTS:
            connection = context.connection
            self._sink.record(
                ClientAnswered(
                    connection_id=connection.id,
                    transport=connection.transport,
                    request_id=context.request_id,
                    method=context.method,
                    result=result,
                )
            )

    def refused(self, context: RequestContext, error: RpcError) -> None:
        """Record that it failed after it had passed the gates."""
        if context.method in _REQUESTS:
            connection = context.connection
            self._sink.record(
                ClientRefused(
                    connection_id=connection.id,
                    transport=connection.transport,
                    request_id=context.request_id,
                    method=context.method,
                    code=error.code,
                    message=error.message,
                )
            )
