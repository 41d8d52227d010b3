"""Writes TypeScript declarations: one file a type, an index for each folder, and the unions of methods.

Folders follow what clients import today: older core types in the root, all others under `v2`. Owns the mapping from
declarations to TypeScript; the catalogue owns the declarations.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
    mentioned,
    pass_through,
)
from codex_trio_protocol.export.layout import DATA_OF_ERRORS, MethodUnion, is_inline, reachable, type_name, unions
from codex_trio_protocol.export.typescript_layout import (
    DERIVED,
    EXPERIMENTAL_PARTS,
    INLINE,
    PATHS,
    ROOT_TYPES,
    STABLE_PARTS,
    Derived,
)
from codex_trio_protocol.table import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_NOTIFICATIONS,
    SERVER_REQUESTS,
    MethodSpec,
)

HEADER: Final = "// Generated from the message types of codex-trio. Do not edit.\n"
JSON_VALUE: Final = "JsonValue"


def write(out: Path, *, experimental: bool) -> None:
    """Write all declarations under `out`; the folder is made if it does not exist."""
    for path, text in files(experimental=experimental).items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def files(*, experimental: bool) -> dict[str, str]:
    """Return contents of every TypeScript file by its path below the output folder."""
    writer = _Writer(experimental=experimental)
    found = {f"serde_json/{JSON_VALUE}.ts": HEADER + "\n" + _JSON_VALUE_TYPE}
    for declaration in writer.declarations():
        found[f"{_path(declaration.name)}.ts"] = writer.file(declaration)
    for path, derived in DERIVED.items():
        found[f"{path}.ts"] = writer.derived_file(path, derived)
    for union in unions(experimental=experimental, unlisted=True):
        found[f"{union.name}.ts"] = writer.union_file(union)
    found["ServerNotificationEnvelope.ts"] = _ENVELOPE
    for folder in ("", "v2/"):
        names = sorted(
            path.removeprefix(folder).removesuffix(".ts")
            for path in found
            if path.startswith(folder) and "/" not in path.removeprefix(folder)
        )
        lines = [f'export type {{ {name} }} from "./{name}";\n' for name in names]
        if not folder:
            lines.append('export * as v2 from "./v2";\n')
        found[f"{folder}index.ts"] = HEADER + "\n" + "".join(lines)
    return dict(sorted(found.items()))


_JSON_VALUE_TYPE: Final = (
    "export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]?: JsonValue } | null;\n"
)

_ENVELOPE: Final = (
    HEADER
    + """import type { ServerNotification } from "./ServerNotification";

/** A notification as it crosses the wire, with the time at which the server sent it in Unix milliseconds. */
export type ServerNotificationEnvelope = { emittedAtMs?: number } & ServerNotification;
"""
)


def _path(name: str) -> str:
    """Path of a type's file without its suffix; the last part is the name that TypeScript knows it by."""
    if name == JSON_VALUE:
        return f"serde_json/{name}"
    return PATHS.get(name) or (name if name in ROOT_TYPES else f"v2/{name}")


def _label(name: str) -> str:
    return _path(name).rpartition("/")[2]


class _Writer:
    def __init__(self, *, experimental: bool) -> None:
        self._experimental = experimental
        self._declarations = catalogue()
        self._from_server, self._from_clients = _senders()

    def declarations(self) -> list[Declaration]:
        """Return all types that deserve a file, without those that are written out where they are mentioned."""
        names = {"RequestId", "ModelProviderError", *(DATA_OF_ERRORS if self._experimental else ())}
        gated: set[str] = set()
        for spec in _every_method():
            mentions = {type_name(target) for target in (spec.params, spec.result) if target is not None}
            if spec.in_stable_schema or self._experimental:
                names |= mentions
            elif spec.removed_in is None:
                # What only an experimental field mentions stays, and so does what experimental params mention.
                names |= {type_name(target) for target in (spec.params,) if target is not None}
                gated |= mentions
        if not self._experimental:
            names |= STABLE_PARTS
            gated = (gated | EXPERIMENTAL_PARTS) - STABLE_PARTS
        every = reachable(names, experimental=True)
        return [item for name, item in sorted(every.items()) if name not in gated and not _is_inline(item)]

    def file(self, declaration: Declaration) -> str:
        body = f"export type {_label(declaration.name)} = {self._body(declaration)};\n"
        named = self._named(declaration)
        named.discard(declaration.name)
        return self._document(_path(declaration.name), named, _comment(declaration.doc) + body)

    def derived_file(self, path: str, derived: Derived) -> str:
        name = path.rpartition("/")[2]
        source = derived.source
        if source is not None and source.rpartition("/")[2] == name:
            return f'{HEADER}\nexport type {{ {name} }} from "{_relative(path, source)}";\n'
        imports = f'import type {{ {source.rpartition("/")[2]} }} from "{_relative(path, source)}";\n' if source else ""
        return f"{HEADER}{imports}\nexport type {name} = {derived.expression};\n"

    def union_file(self, union: MethodUnion) -> str:
        members: list[str] = []
        named: set[str] = {"RequestId"} if union.has_id else set()
        for spec in union.methods:
            parts = [f'"method": "{spec.name}"']
            if union.has_id:
                parts.append("id: RequestId")
            if spec.params is None:
                if union.has_id:
                    parts.append("params?: undefined | null")
            else:
                name = type_name(spec.params)
                named.add(name)
                parts.append(f"params: {name}" if spec.params_required else f"params?: {name} | null")
            members.append("{ " + ", ".join(parts) + " }")
        body = f"export type {union.name} =\n  | " + "\n  | ".join(members) + ";\n"
        return self._document(union.name, named, _comment(union.doc) + body)

    def _document(self, path: str, named: set[str], body: str) -> str:
        imports = [
            f'import type {{ {_label(name)} }} from "{_relative(path, _path(name))}";\n'
            for name in sorted(named, key=_path)
        ]
        return HEADER + "".join(imports) + "\n" + body

    def _named(self, declaration: Declaration) -> set[str]:
        """Return types to import: what the declaration mentions, seen through inline union members."""
        found: set[str] = set()
        if _mentions_any(declaration, experimental=self._experimental):
            found.add(JSON_VALUE)
        for name in mentioned(declaration, experimental=self._experimental):
            item = self._declarations[name]
            if _is_inline(item):
                found |= self._named(item)
            else:
                found.add(name)
        return found

    def _body(self, declaration: Declaration) -> str:
        if isinstance(declaration, ObjectDeclaration):
            return self._object(declaration)
        body = self._expression(declaration.type)
        return f"{body} | string | {{ [key: string]: unknown }}" if declaration.name == "CodexErrorInfo" else body

    def _object(self, declaration: ObjectDeclaration) -> str:
        fields = [item for item in declaration.fields if self._experimental or not item.experimental]
        alternatives = [item for item in fields if item.name in declaration.one_of]
        common = [item for item in fields if item.name not in declaration.one_of]
        choice = " | ".join(f"{{ {_key(item.name)}: {self._expression(item.type)} }}" for item in alternatives)
        if alternatives and not common and declaration.tag is None:
            return choice
        lines = [f'  "{declaration.tag[0]}": "{declaration.tag[1]}",\n'] if declaration.tag is not None else []
        lines += [self._field(declaration, item) for item in common]
        body = "{\n" + "".join(lines) + "}" if lines else "Record<string, never>"
        if declaration.entries is not None:
            body += f" & {{ [key in string]?: {self._expression(declaration.entries)} }}"
        return f"{body} & ({choice})" if alternatives else body

    def _field(self, declaration: ObjectDeclaration, item: Field) -> str:
        optional = "?" if not item.required and not self._is_always_told(declaration, item) else ""
        comment = f"  /** {item.doc} */\n" if item.doc else ""
        return f"{comment}  {_key(item.name)}{optional}: {self._expression(item.type)},\n"

    def _is_always_told(self, declaration: ObjectDeclaration, item: Field) -> bool:
        """Return whether a key is there even when it holds its default: the server writes it so, and no
        client has to.
        """
        is_past = isinstance(item.type, Dated) and item.type.until is not None
        may_be_absent = declaration.sparse or item.default is UNSET or is_past
        if may_be_absent or declaration.name not in self._from_server:
            return False
        return item.default is not None or declaration.name not in self._from_clients

    def _expression(self, expression: Expression) -> str:
        match expression:
            case Scalar(kind, only=only):
                return _SCALARS[kind] if only is None else str(only)
            case Literals(values):
                return " | ".join(f'"{value}"' for value in values)
            case Reference(name):
                item = self._declarations[name]
                return self._body(item) if _is_inline(item) else _label(name)
            case Array(item):
                return f"Array<{self._expression(item)}>"
            case Mapping(value):
                return f"{{ [key in string]?: {self._expression(value)} }}"
            case Alternatives(members, nullable):
                parts = [self._expression(member) for member in members]
                return " | ".join([*parts, "null"] if nullable else parts)
            case Dated(inner):
                return self._expression(inner)


_SCALARS: Final = {
    "any": JSON_VALUE,
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "object": "{ [key in string]?: JsonValue }",
    "string": "string",
}


def _is_inline(declaration: Declaration) -> bool:
    return declaration.name in INLINE or is_inline(declaration)


def _senders() -> tuple[set[str], set[str]]:
    """Return names of the types that the server fills in, and that clients do; what passes through is neither's."""
    server: set[str] = set()
    clients: set[str] = set()
    for spec in _every_method():
        asks, answers = (server, clients) if spec.direction.startswith("server") else (clients, server)
        asks |= {type_name(spec.params)} if spec.params is not None else set()
        answers |= {type_name(spec.result)} if spec.result is not None else set()
    first, second = (set(reachable(names, experimental=True, without=pass_through())) for names in (server, clients))
    return first, second


def _every_method() -> Iterator[MethodSpec]:
    for table in (CLIENT_REQUESTS, CLIENT_NOTIFICATIONS, SERVER_REQUESTS, SERVER_NOTIFICATIONS):
        yield from table.values()


def _relative(origin: str, target: str) -> str:
    """Import path of a file as another one names it."""
    folder = origin.rpartition("/")[0]
    if folder and target.startswith(f"{folder}/"):
        return f"./{target.removeprefix(f'{folder}/')}"
    return f"{'../' if folder else './'}{target}"


def _mentions_any(declaration: Declaration, *, experimental: bool) -> bool:
    def inside(expression: Expression) -> bool:
        match expression:
            case Scalar(kind):
                return kind in {"any", "object"}
            case Array(item):
                return inside(item)
            case Mapping(value):
                return inside(value)
            case Alternatives(members):
                return any(inside(member) for member in members)
            case Dated(inner):
                return inside(inner)
            case _:
                return False

    if isinstance(declaration, ObjectDeclaration):
        return any(inside(item.type) for item in declaration.fields if experimental or not item.experimental)
    return inside(declaration.type)


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _comment(doc: str) -> str:
    if not doc:
        return ""
    lines = doc.replace("*/", "*\\/").splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"
