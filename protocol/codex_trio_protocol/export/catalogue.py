"""Reads the message modules into a catalogue of type declarations, from which every writer works.

Annotations and docstrings come from the source text, so that the name of an alias survives; wire names and defaults
come from the imported classes. Owns no output format.
"""

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import UNSET

from codex_trio_protocol.base import Always, FirstOf, OneOf, Wire
from codex_trio_protocol.lenient import unwrap

PACKAGE: Final = "codex_trio_protocol"

PUBLISHED_NAMES: Final = {
    "AbsolutePathParam": "AbsolutePathBuf",
    "ErrorResponse": "JSONRPCError",
    "JSONRPCErrorBody": "JSONRPCErrorError",
    "Notification": "JSONRPCNotification",
    "Request": "JSONRPCRequest",
    "Response": "JSONRPCResponse",
}
"""Types that clients know by another name than ours."""

_FORMATS: Final = {
    "UInt": "uint",
    "UInt8": "uint8",
    "UInt16": "uint16",
    "UInt32": "uint32",
    "UInt64": "uint64",
    "Int32": "int32",
    "Int64": "int64",
    "int": "int64",
}


@dataclass(frozen=True)
class Scalar:
    """A JSON type by its schema name; `any` for an arbitrary value, `only` where there is just one."""

    kind: str
    format: str | None = None
    min_length: int | None = None
    only: int | None = None


@dataclass(frozen=True)
class Literals:
    """One of these strings; an open enumeration admits others too."""

    values: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True)
class Reference:
    """A declared type by its published name."""

    name: str


@dataclass(frozen=True)
class Array:
    """A list of one type."""

    item: "Expression"


@dataclass(frozen=True)
class Mapping:
    """An object with arbitrary keys and values of one type."""

    value: "Expression"


@dataclass(frozen=True)
class Alternatives:
    """Any of these; JSON null is `nullable`."""

    members: tuple["Expression", ...]
    nullable: bool = False


@dataclass(frozen=True)
class Dated:
    """What only the releases from one on, or up to one, have."""

    type: "Expression"
    since: str | None = None
    until: str | None = None


Expression: TypeAlias = Scalar | Literals | Reference | Array | Mapping | Alternatives | Dated


@dataclass(frozen=True)
class Field:
    """One key of an object. `default` is UNSET where leaving the key out means that nothing is said."""

    name: str
    attribute: str
    type: Expression
    required: bool
    default: Any
    doc: str
    experimental: bool


@dataclass(frozen=True)
class ObjectDeclaration:
    """A message struct.

    `tag` is the constant key and value of a union member; `one_of` names keys of which one is present; all other keys
    hold `entries`. `closed` objects admit no other keys; senders of `sparse` ones leave out what holds its default.
    """

    name: str
    family: str
    doc: str
    fields: tuple[Field, ...]
    tag: tuple[str, str] | None = None
    one_of: tuple[str, ...] = ()
    first_counts: bool = False
    entries: Reference | None = None
    closed: bool = False
    sparse: bool = False


@dataclass(frozen=True)
class AliasDeclaration:
    """A named union, enumeration or scalar."""

    name: str
    family: str
    doc: str
    type: Expression


Declaration: TypeAlias = ObjectDeclaration | AliasDeclaration


@dataclass
class _Module:
    family: str
    tree: ast.Module
    namespace: Any
    shapes: dict[str, str] = field(default_factory=dict[str, str])


@cache
def catalogue() -> dict[str, Declaration]:
    """Return all declared types by published name."""
    modules = [_load(name) for name in _module_names()]
    shapes: dict[str, str] = {}
    for module in modules:
        shapes.update(_shapes(module))
    declarations: dict[str, Declaration] = {}
    for module in modules:
        for declaration in _declarations(module, shapes):
            if declarations.setdefault(declaration.name, declaration) is not declaration:
                if declaration.name == "AbsolutePathBuf":
                    continue
                raise ValueError(f"{declaration.name} is declared in two families")
    return declarations


@cache
def pass_through() -> frozenset[str]:
    """Published names of types that only document JSON which is neither decoded nor built here."""
    return frozenset(name for module in _module_names() for name in _shapes(_load(module)).values())


def families() -> dict[str, str]:
    """Module docstrings by family."""
    return {name.rpartition(".")[2]: ast.get_docstring(_load(name).tree) or "" for name in _module_names()}


def references(expression: Expression) -> set[str]:
    """Return names that an expression mentions itself."""
    match expression:
        case Reference(name):
            return {name}
        case Array(item):
            return references(item)
        case Mapping(value):
            return references(value)
        case Alternatives(members):
            return set[str]().union(*(references(member) for member in members))
        case Dated(inner):
            return references(inner)
        case _:
            return set()


def mentioned(declaration: Declaration, *, experimental: bool) -> set[str]:
    """Return names that a declaration mentions itself; without `experimental`, gated fields do not count."""
    if isinstance(declaration, AliasDeclaration):
        return references(declaration.type)
    fields = [item for item in declaration.fields if experimental or not item.experimental]
    entries = {declaration.entries.name} if declaration.entries is not None else set[str]()
    return entries.union(*(references(item.type) for item in fields))


def _module_names() -> list[str]:
    folder = Path(__file__).parent.parent / "v2"
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    return [f"{PACKAGE}.{name}" for name in ("base", "jsonrpc", "v1", "legacy")] + [f"{PACKAGE}.v2.{n}" for n in names]


@cache
def _load(name: str) -> _Module:
    namespace = import_module(name)
    path = namespace.__file__
    assert path is not None
    return _Module(name.rpartition(".")[2], ast.parse(Path(path).read_text(encoding="utf-8")), namespace)


def _shapes(module: _Module) -> dict[str, str]:
    """Return names of types that only document pass-through JSON, with the name under which they are published."""
    found: dict[str, str] = {}
    for statement in module.tree.body:
        target = _shape_target(statement.value) if isinstance(statement, ast.AnnAssign) else None
        if target is not None and isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[target] = statement.target.id
    return found


def _shape_target(node: ast.expr | None) -> str | None:
    match node:
        case ast.Subscript(
            value=ast.Name(id="Annotated"),
            slice=ast.Tuple(elts=[_, ast.Call(func=ast.Name(id="Shape"), args=[ast.Constant(value=str(target))])]),
        ):
            return target.partition(":")[2]
        case _:
            return None


def _declarations(module: _Module, shapes: dict[str, str]) -> list[Declaration]:
    reader = _Reader(shapes)
    found: list[Declaration] = []
    body = module.tree.body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        match statement:
            case ast.ClassDef(name=name):
                kind = getattr(module.namespace, name)
                if isinstance(kind, type) and issubclass(kind, Wire) and module.family != "base":
                    found.append(reader.object(module, statement, kind))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias"), value=value):
                if value is None or _shape_target(value) is not None or name in _HELPERS:
                    continue
                published = reader.published(name)
                found.append(AliasDeclaration(published, module.family, _doc(following), reader.expression(value)))
            case _:
                pass
    return found


_HELPERS: Final = frozenset(
    {*_FORMATS, "AnyPath", "ErrorCode", "FirstByDefault", "JsonObject", "JsonValue", "Open", "OpenWord"}
)


def _doc(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return ""


class _Reader:
    """Turns annotations into expressions."""

    def __init__(self, shapes: dict[str, str]) -> None:
        self._shapes = shapes

    def published(self, name: str) -> str:
        name = self._shapes.get(name, name)
        return PUBLISHED_NAMES.get(name, name)

    def object(self, module: _Module, node: ast.ClassDef, kind: type[Wire]) -> ObjectDeclaration:
        sources = self._field_sources(kind)
        plain = kind.published_in_snake_case
        names = {item.name: item.name if plain else item.encode_name for item in msgspec.structs.fields(kind)}
        fields: list[Field] = []
        for item in msgspec.structs.fields(kind):
            annotation, doc = sources[item.name]
            fields.append(
                Field(
                    name=names[item.name],
                    attribute=item.name,
                    type=self.expression(annotation),
                    required=item.required or any(isinstance(mark, Always) for mark in unwrap(item.type)[1]),
                    default=_default(item),
                    doc=_in_wire_names(doc, names),
                    experimental=item.name in kind.experimental_fields,
                )
            )
        config = kind.__struct_config__
        one_of = kind.one_of if issubclass(kind, OneOf) else ()
        tag = (str(config.tag_field), str(config.tag)) if config.tag_field is not None else None
        return ObjectDeclaration(
            name=self.published(node.name),
            family=module.family,
            doc=_in_wire_names(ast.get_docstring(node) or "", names),
            fields=tuple(fields),
            tag=tag,
            one_of=tuple(names[name] for name in one_of),
            first_counts=issubclass(kind, FirstOf),
            entries=Reference(kind.other_keys_hold) if kind.other_keys_hold is not None else None,
            closed=config.forbid_unknown_fields,
            sparse=config.omit_defaults,
        )

    def _field_sources(self, kind: type[Wire]) -> dict[str, tuple[ast.expr, str]]:
        found: dict[str, tuple[ast.expr, str]] = {}
        for base in reversed(kind.__mro__):
            if not base.__module__.startswith(PACKAGE):
                continue
            tree = _load(base.__module__).tree
            node = next(item for item in tree.body if isinstance(item, ast.ClassDef) and item.name == base.__name__)
            for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    found[statement.target.id] = (statement.annotation, _doc(following))
        return found

    def expression(self, node: ast.expr) -> Expression:
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(attr="Raw"):
                return Scalar("any")
            case ast.Constant(value=str(text)):
                return self.expression(ast.parse(text, mode="eval").body)
            case ast.BinOp(op=ast.BitOr()):
                return self._union(node)
            case ast.Subscript(value=ast.Name(id=name), slice=argument):
                return self._generic(name, argument)
            case _:
                raise ValueError(f"no schema for {ast.unparse(node)}")

    def _named(self, name: str) -> Expression:
        match name:
            case "str" | "AnyPath":
                return Scalar("string")
            case "bool":
                return Scalar("boolean")
            case "float":
                return Scalar("number", "double")
            case "JsonValue":
                return Scalar("any")
            case "JsonObject":
                return Scalar("object")
            case _ if name in _FORMATS:
                return Scalar("integer", _FORMATS[name])
            case _:
                return Reference(self.published(name))

    def _generic(self, name: str, argument: ast.expr) -> Expression:
        match name:
            case "list":
                return Array(self.expression(argument))
            case "dict":
                assert isinstance(argument, ast.Tuple)
                return Mapping(self.expression(argument.elts[1]))
            case "Literal":
                if isinstance(argument, ast.Constant) and isinstance(argument.value, int):
                    return Scalar("integer", "uint8", only=argument.value)
                return Literals(_constants(argument))
            case "Open" | "OpenWord" | "FirstByDefault":
                return self.expression(argument)
            case "Annotated":
                return self._annotated(argument)
            case _:
                raise ValueError(f"no schema for {name}[...]")

    def _annotated(self, argument: ast.expr) -> Expression:
        assert isinstance(argument, ast.Tuple)
        expression = self.expression(argument.elts[0])
        for mark in argument.elts[1:]:
            match mark:
                case ast.Call(func=ast.Name(id="Known"), args=values):
                    expression = Literals(_constants(ast.Tuple(values)), open=True)
                case ast.Call(func=ast.Name(id="Meta"), keywords=[ast.keyword(arg="min_length", value=minimum)]):
                    expression = Scalar("string", min_length=ast.literal_eval(minimum))
                case ast.Call(func=ast.Name(id="Until"), args=[ast.Constant(value=str(release))]):
                    expression = Dated(expression, until=release)
                case ast.Call(func=ast.Name(id="Since"), args=[ast.Constant(value=str(release))]):
                    expression = Dated(expression, since=release)
                case _:
                    pass
        return expression

    def _union(self, node: ast.expr) -> Expression:
        members: list[Expression] = []
        nullable = False
        for part in _operands(node):
            match part:
                case ast.Constant(value=None):
                    nullable = True
                case ast.Name(id="UnsetType"):
                    pass
                case _:
                    member = self.expression(part)
                    members.append(member)
        if len(members) == 1 and not nullable:
            return members[0]
        if members == [Scalar("any")]:
            return Scalar("any")
        return Alternatives(tuple(members), nullable)


def _in_wire_names(text: str, names: dict[str, str]) -> str:
    """Return a docstring as readers of the wire know it: `threadId` where the code says `thread_id`."""
    return re.sub(r"`(\w+)`", lambda match: f"`{names.get(match[1], match[1])}`", text)


def _operands(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_operands(node.left), *_operands(node.right)]
    return [node]


def _constants(node: ast.expr) -> tuple[str, ...]:
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return tuple(str(ast.literal_eval(item)) for item in items)


def _default(item: msgspec.structs.FieldInfo) -> Any:
    if item.default_factory is not msgspec.NODEFAULT:
        return item.default_factory()
    return UNSET if item.default is msgspec.NODEFAULT else item.default
