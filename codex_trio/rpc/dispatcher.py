"""From a request envelope to the handler that answers it, and from what happens there to the answer.

Owns the lookup in the method table, the gates and their order, the decoding of params, and the one boundary where
exceptions become errors for the client. Does not own connections' tasks (rpc.connection), the texts for bad params
(rpc.shape) or the order of requests (rpc.scheduler).
"""

import logging
import reprlib
from collections.abc import Coroutine, Mapping
from types import CoroutineType
from typing import Any, cast

import msgspec
from codex_trio_protocol import experimental
from codex_trio_protocol.scopes import scope_key
from codex_trio_protocol.table import MethodSpec

from codex_trio.analytics.sink import FactSink
from codex_trio.rpc import shape
from codex_trio.rpc.codec import IncomingRequest, RequestId, encode_error, encode_response
from codex_trio.rpc.context import ClientProfile, ConnectionHandle, Handler, RequestContext
from codex_trio.rpc.echo import shortened
from codex_trio.rpc.errors import (
    ErrorTranslator,
    RpcError,
    internal_error,
    invalid_request,
    not_supported,
    to_rpc_error,
    undecodable,
)
from codex_trio.rpc.path_fields import problem_with_path
from codex_trio.rpc.request_facts import RequestFacts
from codex_trio.rpc.scheduler import RequestScheduler
from codex_trio.util.fair_lock import Ticket

_log = logging.getLogger(__name__)

INITIALIZE = "initialize"
"""The only method that a connection may call first, and may call once."""


class AdmittedRequest(msgspec.Struct):
    """A request that passed the gates and has its place among those of its scope. It must be answered."""

    context: RequestContext
    handler: Handler
    params: Any
    ticket: Ticket
    under_way: Coroutine[Any, Any, object] | None = None
    """What the handler waits for, if it was called already."""


class Dispatcher:
    """Answers client requests.

    Args:
        methods: the method table's rows of client requests, in the order in which errors list them.
        handlers: by method name; a row without one is answered as not supported.
        translate_error: which error each domain exception is; unknown ones are answered as internal errors.
        facts: gets what is counted of requests.
        scheduler: has the lines in which requests of one scope wait.

    Raises:
        ValueError: a handler for a method that is not in the table.
    """

    def __init__(
        self,
        methods: Mapping[str, MethodSpec],
        handlers: Mapping[str, Handler],
        *,
        translate_error: ErrorTranslator | None = None,
        facts: FactSink,
        scheduler: RequestScheduler | None = None,
    ) -> None:
        unknown = [name for name in handlers if name not in methods]
        if unknown:
            raise ValueError(f"handlers without a row in the method table: {', '.join(unknown)}")
        self._methods = methods
        self._handlers = handlers
        self._translate_error = translate_error
        self._facts = RequestFacts(facts)
        self._scheduler = scheduler or RequestScheduler()

    def admit(self, request: IncomingRequest, connection: ConnectionHandle) -> AdmittedRequest | None:
        """Check a request and give it its place; None when it is already answered.

        That is so when it was refused, and when it is its turn and its handler never waits. Synchronous, and called in
        the order of arrival: that is the order that requests of one scope run in.
        """
        try:
            spec, params = self._decode(request)
            self._pass_gates(spec, params, connection)
            handler = self._handlers.get(spec.name)
            if handler is None:
                raise not_supported(f"{spec.name} is not supported yet")
            key, shared = scope_key(spec.scope, params, connection.id) or (None, False)
        except Exception as error:
            self._refuse(error, connection, request.id, request.method, request.params)
            return None
        ticket = self._scheduler.admit(key, shared=shared)
        context = RequestContext(connection, request.id, spec.name, leave_scope=ticket.leave)
        self._facts.requested(context, params)
        admitted = AdmittedRequest(context, handler, params, ticket)
        if ticket.called:
            admitted.under_way = self._begin(admitted)
            if admitted.under_way is None:
                context.settle()
                ticket.leave()
                return None
        return admitted

    async def answer(self, request: AdmittedRequest) -> None:
        """Run the handler when it is the request's turn, and queue the answer. Raises nothing but cancellation."""
        try:
            # The answer is queued before the next request of the scope starts.
            async with request.ticket:
                under_way = request.under_way or self._begin(request)
                if under_way is None:
                    return
                try:
                    result = await under_way
                    self._respond(request, result)
                except Exception as error:
                    self._fail(request, error)
        finally:
            request.context.settle()

    def _begin(self, request: AdmittedRequest) -> Coroutine[Any, Any, object] | None:
        """Call the handler. What it has to wait for, or None when the request is answered."""
        try:
            result = request.handler(request.params, request.context)
            if isinstance(result, CoroutineType):
                return cast("Coroutine[Any, Any, object]", result)
            self._respond(request, result)
        except Exception as error:
            self._fail(request, error)
        return None

    def _respond(self, request: AdmittedRequest, result: object) -> None:
        context = request.context
        connection = context.connection
        answer = encode_response(context.request_id, result)
        if context.method == INITIALIZE:
            connection.client = _profile(request.params)
            self._facts.initialized(connection)
        connection.outbox.put_now(answer)
        self._facts.answered(context, result)
        self._run_callbacks(context)

    def _fail(self, request: AdmittedRequest, error: Exception) -> None:
        context = request.context
        refusal = self._refuse(error, context.connection, context.request_id, context.method, request.params)
        self._facts.refused(context, refusal)

    def _decode(self, request: IncomingRequest) -> tuple[MethodSpec, Any]:
        spec = self._methods.get(request.method)
        if spec is None:
            known = [spec.name for spec in self._methods.values() if spec.removed_in is None]
            raise undecodable(shape.unknown_variant(request.method, known))
        kind = spec.params_type()
        if request.params is None:
            if kind is None:
                return spec, None
            if spec.params_required:
                raise undecodable(shape.missing_field("params"))
            return spec, kind()
        try:
            params = shape.decode(request.params, kind)
        except shape.ShapeError as error:
            raise undecodable(str(error)) from None
        problem = problem_with_path(request.params, params, is_mended=request.is_mended)
        if problem is not None:
            raise invalid_request(problem)
        return spec, params

    def _pass_gates(self, spec: MethodSpec, params: Any, connection: ConnectionHandle) -> None:
        if spec.name == INITIALIZE:
            if connection.initialized:
                raise invalid_request("Already initialized")
            return
        if not connection.initialized:
            raise invalid_request("Not initialized")
        refusal = experimental.check(spec, params, enabled=connection.experimental_api)
        if refusal is not None:
            raise invalid_request(refusal)
        if spec.local_only and connection.remote:
            raise invalid_request(f"{spec.name} is not available over remote transports")

    def _refuse(
        self, error: Exception, connection: ConnectionHandle, request_id: RequestId, method: str, params: Any
    ) -> RpcError:
        """Answer the client whatever went wrong, and let the server go on: the one error boundary."""
        answer: bytes | None = None
        refusal: RpcError | None = None
        try:
            refusal = to_rpc_error(error, self._translate_error)
            if refusal is not None:
                refusal = RpcError(refusal.code, shortened(refusal.message, method, params), refusal.data)
                answer = encode_error(request_id, refusal.to_body())
        except Exception as mistake:
            # In the translation, or in data that is not JSON.
            error = mistake
        if answer is None or refusal is None:
            # The client chose the id, and may have chosen a long one.
            shown_id = reprlib.repr(request_id)
            _log.error("%.200s (request %s) failed unexpectedly", method, shown_id, exc_info=error)
            refusal = internal_error(f"{method:.200} failed unexpectedly; the server's log says why")
            answer = encode_error(request_id, refusal.to_body())
        connection.outbox.put(answer)
        return refusal

    def _run_callbacks(self, context: RequestContext) -> None:
        for callback in context.take_callbacks():
            try:
                callback()
            except Exception:
                _log.exception("what follows the answer to %s failed", context.method)


def _profile(params: Any) -> ClientProfile:
    """Return what to remember of `initialize` params."""
    client = params.client_info
    capabilities = params.capabilities
    return ClientProfile(
        name=client.name,
        title=client.title,
        version=client.version,
        experimental_api=capabilities is not None and capabilities.experimental_api,
        opted_out=frozenset((capabilities.opt_out_notification_methods or ()) if capabilities is not None else ()),
        request_attestation=capabilities is not None and capabilities.request_attestation,
    )
