"""Handlers of methods that are built when the first of them is asked for.

Owns waiting for them. Does not own what is built (`core.py`, `thread_layer.py`) or when besides (`Deferred`).
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from types import CoroutineType
from typing import Any, cast

from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import not_supported
from codex_trio.server.deferred import Deferred


def late_handlers(methods: Iterable[str], deferred: Deferred[Mapping[str, Handler]]) -> dict[str, Handler]:
    """Return a handler for each of these methods, which answers by the one that is built behind it."""
    return {method: partial(_answer, deferred, method) for method in methods}


def _answer(deferred: Deferred[Mapping[str, Handler]], method: str, params: object, context: RequestContext) -> object:
    handlers = deferred.built
    if handlers is None:
        return _answer_later(deferred, method, params, context)
    return _handler_of(handlers, method)(params, context)


async def _answer_later(
    deferred: Deferred[Mapping[str, Handler]], method: str, params: object, context: RequestContext
) -> object:
    result = _handler_of(await deferred.ready(), method)(params, context)
    return await cast("Coroutine[Any, Any, object]", result) if isinstance(result, CoroutineType) else result


def _handler_of(handlers: Mapping[str, Handler], method: str) -> Handler:
    handler = handlers.get(method)
    if handler is None:
        raise not_supported(f"{method} is not supported yet")
    return handler
