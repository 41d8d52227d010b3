"""Writes TypeScript declarations: one file a type, an index for each folder, and the unions of methods.

Folders follow what clients import today: older core types in the root, all others under `v2`. Owns the mapping from
declarations to TypeScript; the catalogue owns the declarations.
"""

from pathlib import Path
from typing import Final

from msgspec import UNSET

from codex_trio_protocol.export.catalogue import (
    Alternatives,
    Array,
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
)
from codex_trio_protocol.export.layout import ENVELOPES, MethodUnion, message_files, reachable, type_name, unions
from codex_trio_protocol.export.typescript_layout import ROOT_TYPES

HEADER: Final = "// Generated from the message types of codex-trio. Do not edit.\n"
JSON_VALUE: Final = "JsonValue"


def write(out: Path, *, experimental: bool) -> None:
    """Write all declarations under `out`; the folder is made if it does not exist."""
    for path, text in files(experimental=experimental).items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def files(*, experimental: bool) -> dict[str, str]:
    """Contents of every TypeScript file by its path below the output folder."""
    writer = _Writer(experimental=experimental)
    found = {f"serde_json/{JSON_VALUE}.ts": HEADER + "\n" + _JSON_VALUE_TYPE}
    for declaration in writer.declarations():
        found[f"{_folder(declaration.name)}{declaration.name}.ts"] = writer.file(declaration)
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


def _folder(name: str) -> str:
    return "" if name in ROOT_TYPES else "v2/"


class _Writer:
    def __init__(self, *, experimental: bool) -> None:
        self._experimental = experimental
        self._declarations = catalogue()

    def declarations(self) -> list[Declaration]:
        """All types that deserve a file: what messages mention, without union members that stand inline."""
        names = {name.removeprefix("Nullable") for name in message_files(experimental=self._experimental)}
        names |= set(ENVELOPES)
        for union in unions(experimental=self._experimental, unlisted=True):
            names |= {type_name(target) for spec in union.methods for target in (spec.params, spec.result) if target}
        every = reachable(names, experimental=self._experimental)
        return [item for name, item in sorted(every.items()) if name in names or not _inline(item)]

    def file(self, declaration: Declaration) -> str:
        body = f"export type {declaration.name} = {self._body(declaration)};\n"
        named = self._named(declaration)
        named.discard(declaration.name)
        return self._document(_folder(declaration.name), named, _comment(declaration.doc) + body)

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
        return self._document("", named, _comment(union.doc) + body)

    def _document(self, folder: str, named: set[str], body: str) -> str:
        imports: list[str] = []
        for name in sorted(named):
            target = "serde_json/" if name == JSON_VALUE else _folder(name)
            path = f"./{name}" if folder == target else f"{'../' if folder else './'}{target}{name}"
            imports.append(f'import type {{ {name} }} from "{path}";\n')
        return HEADER + "".join(imports) + "\n" + body

    def _named(self, declaration: Declaration) -> set[str]:
        """Types to import: what the declaration mentions, seen through inline union members."""
        found: set[str] = set()
        if _mentions_any(declaration, experimental=self._experimental):
            found.add(JSON_VALUE)
        for name in mentioned(declaration, experimental=self._experimental):
            item = self._declarations[name]
            if _inline(item):
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
        return f"{body} & ({choice})" if alternatives else body

    def _field(self, declaration: ObjectDeclaration, item: Field) -> str:
        optional = "?" if not item.required and (declaration.sparse or item.default is UNSET) else ""
        comment = f"  /** {item.doc} */\n" if item.doc else ""
        return f"{comment}  {_key(item.name)}{optional}: {self._expression(item.type)},\n"

    def _expression(self, expression: Expression) -> str:
        match expression:
            case Scalar(kind):
                return _SCALARS[kind]
            case Literals(values):
                return " | ".join(f'"{value}"' for value in values)
            case Reference(name):
                item = self._declarations[name]
                return self._body(item) if _inline(item) else name
            case Array(item):
                return f"Array<{self._expression(item)}>"
            case Mapping(value):
                return f"{{ [key in string]?: {self._expression(value)} }}"
            case Alternatives(members, nullable):
                parts = [self._expression(member) for member in members]
                return " | ".join([*parts, "null"] if nullable else parts)


_SCALARS: Final = {
    "any": JSON_VALUE,
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "object": "{ [key in string]?: JsonValue }",
    "string": "string",
}


def _inline(declaration: Declaration) -> bool:
    return isinstance(declaration, ObjectDeclaration) and declaration.tag is not None


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
