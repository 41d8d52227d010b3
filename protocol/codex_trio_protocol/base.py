"""Wire vocabulary shared by every message: struct bases, integer ranges, and markers for open types.

Owns how Python values map to JSON keys and how values from a newer peer survive. Owns no message and no method.
Used by every family module; decoders come from `codex_trio_protocol.table`, which passes `dec_hook`.
"""

from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
)

import msgspec
from msgspec import UNSET, Meta

JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

UInt8: TypeAlias = Annotated[int, Meta(ge=0, le=0xFF)]
UInt16: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFF)]
UInt32: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
UInt64: TypeAlias = Annotated[int, Meta(ge=0)]
Int32: TypeAlias = Annotated[int, Meta(ge=-0x8000_0000, le=0x7FFF_FFFF)]
Int64: TypeAlias = int

AbsolutePathBuf: TypeAlias = str
"""A path from the root of a file system, as the server reports it."""

AbsolutePathParam: TypeAlias = Annotated[str, Meta(pattern="^/")]
"""A path that a client sends. A relative one is refused while decoding; `~` is not expanded."""

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class _KeywordOnly(msgspec.StructMeta):
    """Makes every message keyword-only, so that fields may stand in wire order whatever their defaults."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)


class Wire(msgspec.Struct, metaclass=_KeywordOnly, rename="camel"):
    """Base of all messages: camelCase keys, every key sent, `None` as JSON null.

    A key that must be left out when there is nothing to say is typed `T | UnsetType` with the default `UNSET`.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset()
    """Attributes that only clients with the experimental capability may use and that the stable schema leaves out."""

    experimental_reason: ClassVar[str | None] = None
    """Name under which the experimental gate refuses this object itself, wherever it stands in params."""


class Params(Wire, omit_defaults=True):
    """Base of what clients send: keys that hold their default are left out."""


class Tagged(Wire, tag_field="type"):
    """Base of union members that carry their kind in the key `type`."""


class OneOf(Wire):
    """Base of objects in which exactly one of the keys named in `one_of` is present, the others left out."""

    one_of: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if _present(self) != 1:
            raise ValueError(f"expected exactly one of {_listed(type(self))}")


class FirstOf(OneOf):
    """Base of objects that need one of the keys named in `one_of`; where several are present, the first counts."""

    def __post_init__(self) -> None:
        if _present(self) == 0:
            raise ValueError(f"expected one of {_listed(type(self))}")


def _present(value: OneOf) -> int:
    return sum(getattr(value, name) is not UNSET for name in value.one_of)


def _listed(kind: type[OneOf]) -> str:
    return ", ".join(f"`{key}`" for key in alternatives(kind))


@cache
def alternatives(kind: type[OneOf]) -> tuple[str, ...]:
    """Wire keys of which an object of this kind holds one."""
    keys = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return tuple(keys[name] for name in kind.one_of)


class Known:
    """Marks an open enumeration in `Annotated[str, Known(...)]`: these values are known, others are kept."""

    __slots__ = ("values",)

    def __init__(self, *values: str) -> None:
        self.values = values


class Shape:
    """Marks JSON that passes through untouched in `Annotated[JsonObject, Shape("family:Name")]`.

    The named type documents the content for schemas and readers; nothing is decoded into it.
    """

    __slots__ = ("target",)

    def __init__(self, target: str) -> None:
        self.target = target


if TYPE_CHECKING:
    Open: TypeAlias = Union[T, JsonObject]  # noqa: UP007 - a generic alias needs the subscript form
    """`T`, or the plain JSON object of a member that this release does not know."""

    FirstByDefault: TypeAlias = Union[T, T]  # noqa: UP007 - the same as T to a reader
    """A union whose first member is meant by an object without a kind, as older clients send it."""
else:

    class _AcceptsAnything(type):
        """Lets msgspec take whatever `dec_hook` made of a value."""

        def __instancecheck__(cls, instance: object) -> bool:
            return True

    class Open(Generic[T], metaclass=_AcceptsAnything):
        """`T`, or the plain JSON object of a member that this release does not know."""

    class FirstByDefault(Generic[T], metaclass=_AcceptsAnything):
        """A union whose first member is meant by an object without a kind, as older clients send it."""


def dec_hook(kind: Any, value: Any) -> Any:
    """Decode a value typed `Open[T]` or `FirstByDefault[T]`; msgspec calls it for these.

    Raises:
        msgspec.ValidationError: the value names a known kind but does not fit it, or is no object at all.
    """
    origin = get_origin(kind)
    if origin not in (Open, FirstByDefault):
        raise NotImplementedError(f"no decoder for {kind!r}")
    inner = get_args(kind)[0]
    if origin is FirstByDefault:
        config = get_args(inner)[0].__struct_config__
        if isinstance(value, dict) and config.tag_field not in value:
            value = {**cast("JsonObject", value), config.tag_field: config.tag}
        return msgspec.convert(value, inner, dec_hook=dec_hook)
    try:
        return msgspec.convert(value, inner, dec_hook=dec_hook)
    except msgspec.ValidationError:
        if isinstance(value, dict) and _is_unknown(inner, cast("JsonObject", value)):
            return cast("JsonObject", value)
        raise


def _is_unknown(union: Any, value: JsonObject) -> bool:
    members = get_args(union) or (union,)
    for member in members:
        config = getattr(member, "__struct_config__", None)
        if config is None:
            continue
        if config.tag_field is not None:
            tags = {other.__struct_config__.tag for other in members if hasattr(other, "__struct_config__")}
            tag = value.get(config.tag_field)
            return isinstance(tag, str) and tag not in tags
        if issubclass(member, OneOf):
            return not any(key in value for key in alternatives(member))
    return False
