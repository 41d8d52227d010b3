"""Wire vocabulary shared by every message: struct bases, integer ranges, and markers for open types.

Owns how Python values map to JSON keys and how types say what they are open for. Owns no message and no method, nor
how open values are decoded (`codex_trio_protocol.lenient`). Used by every family module.
"""

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias, TypeVar, Union, dataclass_transform

import msgspec
from msgspec import UNSET, Meta

JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]


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


class Since:
    """Marks in `Annotated[T, Since("0.171.0")]` what only this release and newer ones have.

    On a key of a message it has a default, for peers of older releases.
    """

    __slots__ = ("release",)

    def __init__(self, release: str) -> None:
        self.release = release


class Until:
    """Marks in `Annotated[T, Until("0.131.0")]` what releases have up to this one only.

    It is still understood. Refusals do not offer it, and the reference pages say how old it is.
    """

    __slots__ = ("release",)

    def __init__(self, release: str) -> None:
        self.release = release


class Always:
    """Marks in `Annotated[T, Always()]` a key that servers of today always send.

    Older ones do not know it: its default stands in. Schemas call it required.
    """

    __slots__ = ()


class Called:
    """Marks in `Annotated[T, Called("...")]` the name by which refusals call the type, where clients see one."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Unknowns:
    """Marks what `Open` and `OpenWord` stand for: unknown members and words survive."""

    __slots__ = ()


class DefaultKind:
    """Marks what `FirstByDefault` stands for: an object without a kind is of the union's first."""

    __slots__ = ()


UInt8: TypeAlias = Annotated[int, Meta(ge=0, le=0xFF)]
UInt16: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFF)]
UInt32: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
UInt: TypeAlias = Annotated[int, Meta(ge=0), Called("usize")]
"""A count or an index."""
UInt64: TypeAlias = Annotated[int, Meta(ge=0)]
"""No upper bound is checked: the decoder takes none beyond a signed 64-bit integer."""
Int32: TypeAlias = Annotated[int, Meta(ge=-0x8000_0000, le=0x7FFF_FFFF)]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]

AbsolutePathBuf: TypeAlias = str
"""A path from the root of a file system, as the server reports it."""

AbsolutePathParam: TypeAlias = Annotated[str, Meta(pattern="^/"), Called("path string")]
"""A path that a client sends. A relative one is refused while decoding; `~` is not expanded."""

AnyPath: TypeAlias = Annotated[str, Called("path string")]
"""A path that a client sends, absolute or not."""

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class _KeywordOnly(msgspec.StructMeta):
    """Makes every message keyword-only, so that fields may stand in wire order whatever their defaults."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)

    @property
    def __doc__(cls) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride] - it is made when asked for
        from codex_trio_protocol.field_docs import described

        return described(cls)


class Wire(msgspec.Struct, metaclass=_KeywordOnly, rename="camel", gc=False):
    """Base of all messages: camelCase keys, every key sent, `None` as JSON null.

    Messages are trees, so the garbage collector is spared the search for cycles: keep nothing in one that leads back
    to it.

    A key that must be left out when there is nothing to say is typed `T | UnsetType` with the default `UNSET`.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset()
    """Attributes that only clients with the experimental capability may use and that the stable schema leaves out."""

    experimental_reason: ClassVar[str | None] = None
    """Name under which the experimental gate refuses this object itself, wherever it stands in params."""

    other_keys_hold: ClassVar[str | None] = None
    """Type that the values under all other keys have, by its name. Only for shapes, into which nothing is decoded."""

    published_in_snake_case: ClassVar[bool] = False
    """Whether the schema has the keys in snake_case, as the established server publishes but does not send them."""


class Params(Wire, omit_defaults=True):
    """Base of what clients send: keys that hold their default are left out."""


class Tagged(Wire, tag_field="type"):
    """Base of union members that carry their kind in the key `type`."""


class OneOf(Wire):
    """Base of objects in which exactly one of the keys named in `one_of` is present, the others left out."""

    one_of: ClassVar[tuple[str, ...]] = ()

    choice: ClassVar[str | None] = None
    """Name by which refusals call the choice between these keys, where clients see one."""

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


if TYPE_CHECKING:
    Open: TypeAlias = Union[T, JsonObject]  # noqa: UP007 - a generic alias needs the subscript form
    """`T`, or the plain JSON object of a member that this release does not know."""

    OpenWord: TypeAlias = Union[T, str]  # noqa: UP007 - as above
    """`T`, or a word that this release does not know."""

    FirstByDefault: TypeAlias = Union[T, T]  # noqa: UP007 - the same as T to a reader
    """A union whose first member is meant by an object without a kind, as older clients send it."""
else:
    # The decoder takes these for `T`, as fast as it can, and `codex_trio_protocol.lenient` looks at what it refuses.

    class Open:
        """`T`, or the plain JSON object of a member that this release does not know."""

        def __class_getitem__(cls, inner: Any) -> Any:
            return Annotated[inner, Unknowns()]

    class OpenWord:
        """`T`, or a word that this release does not know."""

        def __class_getitem__(cls, inner: Any) -> Any:
            return Annotated[inner, Unknowns()]

    class FirstByDefault:
        """A union whose first member is meant by an object without a kind, as older clients send it."""

        def __class_getitem__(cls, inner: Any) -> Any:
            return Annotated[inner, DefaultKind()]
