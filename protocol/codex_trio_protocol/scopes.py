"""Which requests wait for one another: the serialization scope of a method and the queue key of a request.

Pure functions over the method table's rows. The scheduler owns the queues; nothing here runs or waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import msgspec

ScopeKey: TypeAlias = tuple[str | int, ...]


class Scope(NamedTuple):
    """Requests with the same key run in arrival order; a run of adjacent shared ones runs together.

    `kind` is the first part of the key. `field` names the params attribute whose value is the second part, and
    `fallback` another one that is used when that value is empty; with neither value there is no key and the request
    runs at once. `per_connection` adds the connection, so that two connections may use the same value.
    """

    kind: str
    field: str | None = None
    fallback: str | None = None
    shared: bool = False
    per_connection: bool = False


def scope_key(
    scope: Scope | None, params: msgspec.Struct | None, connection_id: str | int
) -> tuple[ScopeKey, bool] | None:
    """Queue key and whether access is shared, or None for a request that waits for nobody.

    `params` is the decoded params struct, None for methods without params.
    """
    if scope is None:
        return None
    key: ScopeKey = (scope.kind,)
    if scope.per_connection:
        key = (*key, connection_id)
    if scope.field is None:
        return key, scope.shared
    value = getattr(params, scope.field, None)
    if isinstance(value, str) and value:
        return (*key, value), scope.shared
    if scope.fallback is not None:
        value = getattr(params, scope.fallback, None)
        if isinstance(value, str) and value:
            return (*key, scope.fallback, value), scope.shared
    return None
