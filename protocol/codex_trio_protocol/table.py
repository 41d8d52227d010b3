"""The method table: every message that may cross the wire, with its types, scope and gates.

Routing, schemas, TypeScript, reference pages, experimental gates and scopes all derive from these rows. Types are
named, not imported: a family module loads when the first message of that family is decoded or built. Owns no message
and no behaviour.
"""

from functools import cache
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio_protocol import decoding
from codex_trio_protocol.base import Wire
from codex_trio_protocol.client_rows import CLIENT_NOTIFICATION_ROWS, CLIENT_REQUEST_ROWS
from codex_trio_protocol.rows import Row
from codex_trio_protocol.scopes import Scope
from codex_trio_protocol.server_rows import SERVER_NOTIFICATION_ROWS, SERVER_REQUEST_ROWS

Direction: TypeAlias = Literal["clientRequest", "clientNotification", "serverRequest", "serverNotification"]


class MethodSpec(NamedTuple):
    """One row of the table.

    `params` and `result` name types as "family:Type"; None where the method has none. `experimental` marks a method
    that needs the experimental capability: clients without it are refused the request, and are not sent the
    notification. `since` is the first release whose server has the method, where that is known, and `removed_in` the
    first one whose server no longer has it.
    """

    name: str
    direction: Direction
    params: str | None
    result: str | None = None
    scope: Scope | None = None
    params_required: bool = True
    experimental: bool = False
    local_only: bool = False
    since: str | None = None
    removed_in: str | None = None
    in_schema: bool = True

    def params_type(self) -> Any:
        """Type of the params, or None for a method without any."""
        return None if self.params is None else resolve(self.params)

    def result_type(self) -> Any:
        """Type of the result, or None for a notification."""
        return None if self.result is None else resolve(self.result)

    @property
    def in_stable_schema(self) -> bool:
        """Whether stable schemas may have it too: they list notifications that only experimental clients are sent."""
        return not self.experimental or self.direction == "serverNotification"

    @property
    def experimental_fields(self) -> tuple[str, ...]:
        """Wire names of the params fields that need the experimental capability, in wire order."""
        params = self.params_type()
        if not (isinstance(params, type) and issubclass(params, Wire)):
            return ()
        fields = msgspec.structs.fields(params)
        return tuple(field.encode_name for field in fields if field.name in params.experimental_fields)

    def decode_params(self, raw: msgspec.Raw | UnsetType) -> Any:
        """Return params of a message, from the bytes in its envelope.

        Absent or null params are what the defaults say, where the method allows that, else an error. A method without
        params gives None and ignores what was sent.

        Raises:
            msgspec.ValidationError: the params do not fit.
            msgspec.DecodeError: the params are not valid JSON.
        """
        if self.params is None:
            return None
        if raw is UNSET or bytes(raw) == b"null":
            if self.params_required:
                raise msgspec.ValidationError("Object missing required field `params`")
            return decode(b"{}", self.params_type())
        return decode(raw, self.params_type())

    def decode_result(self, raw: bytes | msgspec.Raw) -> Any:
        """Result of this request, as its response type.

        Raises:
            msgspec.ValidationError: the result does not fit.
            msgspec.DecodeError: the result is not valid JSON.
        """
        if self.result is None:
            raise TypeError(f"{self.name} has no result")
        return decode(raw, self.result_type())


@cache
def resolve(target: str) -> Any:
    """Return the type that "family:Type" names; imports the family's module on first use."""
    family, _, name = target.partition(":")
    module = family if family in _ROOT_FAMILIES else f"v2.{family}"
    return getattr(import_module(f"codex_trio_protocol.{module}"), name)


_ROOT_FAMILIES: Final = frozenset({"v1", "legacy", "jsonrpc"})


@cache
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Decoder of a type; built once. It knows nothing of what open types keep: `decode` does."""
    return decoding.json_decoder(kind)


def decode(raw: bytes | msgspec.Raw, kind: Any) -> Any:
    """Decode JSON bytes into a type of this package; every failure is a `msgspec.DecodeError`.

    Raises:
        msgspec.ValidationError: valid JSON of another shape (a subclass of DecodeError).
        msgspec.DecodeError: not valid JSON, not UTF-8, or nested too deep.
    """
    try:
        try:
            return decoder(kind).decode(raw)
        except msgspec.ValidationError:
            if not _is_open(kind):
                raise
        return convert(msgspec.json.decode(raw), kind)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def convert(value: Any, kind: Any) -> Any:
    """Like `decode`, from plain Python values such as a parsed JSON document.

    Raises:
        msgspec.ValidationError: the value has another shape.
    """
    from codex_trio_protocol import lenient

    return lenient.convert(value, kind)


def _is_open(kind: Any) -> bool:
    from codex_trio_protocol import lenient

    return lenient.has_open_parts(kind)


def _requests(rows: tuple[Row, ...], direction: Direction) -> dict[str, MethodSpec]:
    return {
        row.method: MethodSpec(
            row.method,
            direction,
            None if row.no_params else f"{row.family}:{row.stem}Params",
            _result(row),
            row.scope,
            params_required=not (row.no_params or row.optional),
            experimental=row.experimental,
            local_only=row.local_only,
            since=row.since,
            removed_in=row.removed_in,
            in_schema=not row.unlisted,
        )
        for row in rows
    }


def _result(row: Row) -> str:
    name = row.result or f"{row.stem}Response"
    return name if ":" in name else f"{row.family}:{name}"


def _notifications(rows: tuple[Row, ...], direction: Direction) -> dict[str, MethodSpec]:
    return {
        row.method: MethodSpec(
            row.method,
            direction,
            None if row.no_params else f"{row.family}:{row.stem}Notification",
            params_required=not row.no_params,
            experimental=row.experimental,
            since=row.since,
            in_schema=not row.unlisted,
        )
        for row in rows
    }


CLIENT_REQUESTS: Final = _requests(CLIENT_REQUEST_ROWS, "clientRequest")
CLIENT_NOTIFICATIONS: Final = _notifications(CLIENT_NOTIFICATION_ROWS, "clientNotification")
SERVER_REQUESTS: Final = _requests(SERVER_REQUEST_ROWS, "serverRequest")
SERVER_NOTIFICATIONS: Final = _notifications(SERVER_NOTIFICATION_ROWS, "serverNotification")
