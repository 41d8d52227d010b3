"""Writes JSON Schemas (draft 7): one file a message, the unions of methods, and two bundles of everything.

File names and folders are those that clients' generators expect. Owns the mapping from declarations to schemas.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from msgspec import UNSET

from codex_trio_protocol.export.catalogue import (
    Alternatives,
    Array,
    Dated,
    Declaration,
    Expression,
    Field,
    Literals,
    Mapping,
    ObjectDeclaration,
    Reference,
    Scalar,
    catalogue,
)
from codex_trio_protocol.export.layout import ENVELOPES, MethodUnion, is_inline, message_files, type_name, unions
from codex_trio_protocol.table import MethodSpec

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
EXTENSIBLE: Final = frozenset({"CodexErrorInfo"})
"""Unions whose readers are told outright to expect members that this release does not list."""

BUNDLE: Final = "codex_app_server_protocol.schemas.json"
BUNDLE_V2: Final = "codex_app_server_protocol.v2.schemas.json"


def write(out: Path, *, experimental: bool) -> None:
    """Write all schemas under `out`; the folder is made if it does not exist."""
    for path, text in files(experimental=experimental).items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def files(*, experimental: bool) -> dict[str, str]:
    """Return contents of every schema file by its path below the output folder."""
    writer = _Writer(experimental=experimental)
    found: dict[str, Schema] = {}
    for name, folder in message_files(experimental=experimental).items():
        found[f"{folder}/{name}.json" if folder else f"{name}.json"] = writer.message(name)
    for name in ENVELOPES:
        found[f"{name}.json"] = writer.message(name)
    for union in unions(experimental=experimental):
        found[f"{union.name}.json"] = writer.union_file(union)
    found[BUNDLE], found[BUNDLE_V2] = writer.bundles()
    return {path: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for path, schema in sorted(found.items())}


class _Writer:
    def __init__(self, *, experimental: bool) -> None:
        self._experimental = experimental
        self._declarations = catalogue()

    def message(self, name: str) -> Schema:
        """Return a file's schema: the type itself with the definitions of all that it mentions."""
        return self._document(name, self._named(name))

    def union_file(self, union: MethodUnion) -> Schema:
        return self._document(union.name, self._union(union))

    def bundles(self) -> tuple[Schema, Schema]:
        """Return everything in one document, the second generation nested under `v2`; and that generation alone, flat.

        What only the older messages and the server's requests mention stands beside `v2`. The flat one also has the two
        unions that speak of that generation.
        """
        folders = message_files(experimental=self._experimental)
        roots: dict[str, Schema] = {name: self._named(name) for name in (*folders, *ENVELOPES)}
        roots |= {union.name: self._union(union) for union in unions(experimental=self._experimental)}
        nested = self._closed({name: schema for name, schema in roots.items() if folders.get(name) == "v2"})
        outer = {
            name: schema for name, schema in self._closed(roots).items() if name not in nested or name in ENVELOPES
        }
        flat = self._closed({**nested, **{name: roots[name] for name in ("ClientRequest", "ServerNotification")}})
        return (
            _bundle("CodexAppServerProtocol", {**_relocated(outer, nested), "v2": _relocated(nested, nested)}),
            _bundle("CodexAppServerProtocolV2", flat),
        )

    def _document(self, title: str, body: Schema) -> Schema:
        document: Schema = {"$schema": DIALECT, **body, "title": title}
        definitions = self._closed({name: self._named(name) for name in _references(body) if name != title})
        if definitions:
            document["definitions"] = definitions
        return dict(sorted(document.items()))

    def _named(self, name: str) -> Schema:
        """Schema of a published name. `Nullable...` names are those of params that may be null."""
        if name in self._declarations:
            return self.declaration(self._declarations[name])
        return {"anyOf": [_reference(name.removeprefix("Nullable")), {"type": "null"}]}

    def _closed(self, roots: dict[str, Schema]) -> dict[str, Schema]:
        """Return these schemas and those of all that they mention, in alphabetical order."""
        found = dict(roots)
        waiting = list(roots.values())
        while waiting:
            for name in _references(waiting.pop()) - found.keys():
                found[name] = self._named(name)
                waiting.append(found[name])
        return dict(sorted(found.items()))

    def _union(self, union: MethodUnion) -> Schema:
        members = [self._method(union, spec) for spec in union.methods]
        body: Schema = {"description": union.doc, "oneOf": members}
        if union.name == "ServerNotification":
            body["properties"] = {
                "emittedAtMs": {
                    "description": "When the server sent this, in Unix milliseconds.",
                    "format": "int64",
                    "type": "integer",
                }
            }
        return body

    def _method(self, union: MethodUnion, spec: MethodSpec) -> Schema:
        label = spec.name[0].upper() + spec.name[1:] + union.suffix
        method = {"enum": [spec.name], "title": f"{label}Method", "type": "string"}
        properties: Schema = {"id": _reference("RequestId")} if union.has_id else {}
        properties["method"] = method
        required = sorted(properties)
        if spec.params is not None:
            inner = _reference(type_name(spec.params))
            properties["params"] = inner if spec.params_required else {"anyOf": [inner, {"type": "null"}]}
            if spec.params_required:
                required.append("params")
        elif union.has_id:
            properties["params"] = {"type": "null"}
        return {"properties": properties, "required": required, "title": label, "type": "object"}

    def declaration(self, declaration: Declaration) -> Schema:
        """Schema of a declared type, without definitions."""
        if isinstance(declaration, ObjectDeclaration):
            schema = self._object(declaration)
        else:
            schema = self.expression(declaration.type)
            if schema is True:
                schema = {}
            elif declaration.name in EXTENSIBLE:
                (members,) = schema.values()
                schema = {"anyOf": [*members, {"type": ["string", "object"]}]}
        return {"description": declaration.doc, **schema} if declaration.doc else schema

    def _object(self, declaration: ObjectDeclaration) -> Schema:
        fields = [item for item in declaration.fields if self._experimental or not item.experimental]
        alternatives = [item for item in fields if item.name in declaration.one_of]
        common = [item for item in fields if item.name not in declaration.one_of]
        if alternatives and not common and declaration.tag is None:
            return {"oneOf": [self._single_key(item) for item in alternatives]}
        schema = self._keys(common, declaration.tag)
        if alternatives:
            schema["anyOf"] = [
                {"properties": {item.name: self.field(item)}, "required": [item.name], "type": "object"}
                for item in alternatives
            ]
        if declaration.closed:
            schema["additionalProperties"] = False
        if declaration.entries is not None:
            schema["additionalProperties"] = self.expression(declaration.entries)
        return schema

    def _single_key(self, item: Field) -> Schema:
        return {
            "additionalProperties": False,
            "properties": {item.name: self.field(item)},
            "required": [item.name],
            "type": "object",
        }

    def _keys(self, fields: list[Field], tag: tuple[str, str] | None) -> Schema:
        properties = {item.name: self.field(item) for item in fields}
        required = [item.name for item in fields if item.required]
        if tag is not None:
            properties[tag[0]] = {"enum": [tag[1]], "type": "string"}
            required.append(tag[0])
        schema: Schema = {"type": "object"}
        if properties:
            schema["properties"] = dict(sorted(properties.items()))
        if required:
            schema["required"] = sorted(required)
        return schema

    def field(self, item: Field) -> Any:
        """Schema of one key: its type, with the default and our words about it."""
        schema = self.expression(item.type)
        if schema is True:
            return {"description": item.doc} if item.doc else True
        has_default = not item.required and item.default is not UNSET and item.default is not None
        if (item.doc or has_default) and "$ref" in schema:
            schema = {"allOf": [schema]}
        if item.doc:
            schema = {"description": item.doc, **schema}
        return {**schema, "default": item.default} if has_default else schema

    def expression(self, expression: Expression) -> Any:
        """Schema of a type expression; True admits anything."""
        match expression:
            case Scalar(kind="any"):
                return True
            case Scalar():
                return _scalar(expression)
            case Literals(values):
                return {"enum": list(values), "type": "string"}
            case Reference(name):
                declaration = self._declarations[name]
                return self.declaration(declaration) if is_inline(declaration) else _reference(name)
            case Array(item):
                return {"items": self.expression(item), "type": "array"}
            case Mapping(value):
                return {"additionalProperties": self.expression(value), "type": "object"}
            case Alternatives():
                return self._alternatives(expression)
            case Dated(inner):
                return self.expression(inner)

    def _alternatives(self, expression: Alternatives) -> Any:
        alternatives = _with_words_together(expression.members)
        if len(alternatives) == 1:
            schema = self.expression(alternatives[0])
            return _nullable(schema) if expression.nullable else schema
        members = [member for item in alternatives for member in self._members(item)]
        if expression.nullable:
            members.append({"type": "null"})
        return {"oneOf" if _disjoint(members) else "anyOf": members}

    def _members(self, expression: Expression) -> list[Any]:
        """Member that a part of a union stands for; inline types are written out in the union itself."""
        schema = self.expression(expression)
        if not isinstance(expression, Reference) or not is_inline(self._declarations[expression.name]):
            return [schema]
        if "oneOf" in schema:
            return schema["oneOf"]
        return [{**schema, "title": expression.name}]


def _with_words_together(members: tuple[Expression, ...]) -> list[Expression]:
    """Return the members of a union with all words in one enumeration, as schemas list them; older ones stand last."""
    bare: list[Expression] = [member.type if isinstance(member, Dated) else member for member in members]
    words = [word for member in bare if isinstance(member, Literals) for word in member.values]
    rest: list[Expression] = [member for member in bare if not isinstance(member, Literals)]
    return [Literals(tuple(words)), *rest] if words else rest


def _bundle(title: str, definitions: Schema) -> Schema:
    return {"$schema": DIALECT, "definitions": definitions, "title": title, "type": "object"}


def _references(schema: Any) -> set[str]:
    """Return names that a schema refers to."""
    if isinstance(schema, list):
        return set[str]().union(*(_references(item) for item in cast("list[Any]", schema)))
    if not isinstance(schema, dict):
        return set()
    items = cast("Schema", schema)
    target = items.get("$ref")
    if isinstance(target, str):
        return {target.rpartition("/")[2]}
    return set[str]().union(*(_references(item) for item in items.values()))


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _scalar(expression: Scalar) -> Schema:
    schema: Schema = {"type": expression.kind}
    if expression.format is not None:
        schema["format"] = expression.format
        if expression.format.startswith("uint"):
            schema["minimum"] = 0
    if expression.only is not None:
        schema["enum"] = [expression.only]
    if expression.min_length is not None:
        schema["minLength"] = expression.min_length
    return schema


def _nullable(schema: Any) -> Any:
    if schema is True:
        return True
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _disjoint(members: list[Any]) -> bool:
    return all(isinstance(item, dict) and ("title" in item or "enum" in item) for item in members)


def _relocated(definitions: Schema, nested: Collection[str]) -> Schema:
    """Return the same definitions with references to nested names pointing below `v2`."""

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(item) for item in cast("list[Any]", value)]
        if not isinstance(value, dict):
            return value
        schema = cast("Schema", value)
        target = schema.get("$ref")
        if isinstance(target, str):
            name = target.rpartition("/")[2]
            return {"$ref": f"#/definitions/v2/{name}"} if name in nested else schema
        return {key: moved(item) for key, item in schema.items()}

    return moved(definitions)
