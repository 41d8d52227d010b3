"""Writes the reference pages: one Markdown page a family, with its methods, their params and results, and its types.

Owns the pages' form. What they say comes from the method table and from the docstrings of the message types.
"""

from typing import Final

from codex_trio_protocol.export.catalogue import (
    AliasDeclaration,
    Alternatives,
    Array,
    Declaration,
    Expression,
    Field,
    Literals,
    Mapping,
    ObjectDeclaration,
    Past,
    Reference,
    Scalar,
    catalogue,
    families,
)
from codex_trio_protocol.export.layout import type_name
from codex_trio_protocol.scopes import Scope
from codex_trio_protocol.table import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_NOTIFICATIONS,
    SERVER_REQUESTS,
    MethodSpec,
)

INDEX: Final = "index.md"
NOTICE: Final = "<!-- Generated from the message types. Do not edit. -->\n\n"

_DIRECTIONS: Final = {
    "clientRequest": "Request to the server",
    "clientNotification": "Notification to the server",
    "serverRequest": "Request to the client",
    "serverNotification": "Notification to the client",
}


def files() -> dict[str, str]:
    """Contents of every page by its file name."""
    pages = _Pages()
    found = {f"{family}.md": page for family, page in pages.pages().items()}
    found[INDEX] = pages.index()
    return dict(sorted(found.items()))


def _methods() -> list[MethodSpec]:
    tables = (CLIENT_REQUESTS, CLIENT_NOTIFICATIONS, SERVER_REQUESTS, SERVER_NOTIFICATIONS)
    return [spec for table in tables for spec in table.values()]


def _family(spec: MethodSpec) -> str:
    return (spec.params or spec.result or "v1:").partition(":")[0]


class _Pages:
    def __init__(self) -> None:
        self._declarations = catalogue()
        self._titles = families()

    def index(self) -> str:
        lines = [NOTICE, "# Methods\n\n", "| Method | Kind | Page |\n| --- | --- | --- |\n"]
        lines += [
            f"| `{spec.name}` | {_DIRECTIONS[spec.direction]} | [{_family(spec)}]({_family(spec)}.md) |\n"
            for spec in sorted(_methods(), key=lambda spec: spec.name)
        ]
        return "".join(lines)

    def pages(self) -> dict[str, str]:
        """Pages by family."""
        members: dict[str, list[Declaration]] = {}
        for declaration in self._declarations.values():
            members.setdefault(declaration.family, []).append(declaration)
        return {
            family: self._page(family, declarations)
            for family, declarations in members.items()
            if family not in {"base", "jsonrpc"}
        }

    def _page(self, family: str, declarations: list[Declaration]) -> str:
        parts = [NOTICE, f"# {family}\n\n", self._titles[family].strip(), "\n"]
        shown: set[str] = set()
        for spec in _methods():
            if _family(spec) == family:
                parts.append(self._method(spec))
                shown |= {type_name(target) for target in (spec.params, spec.result) if target is not None}
        rest = [item for item in declarations if item.name not in shown]
        if rest:
            parts.append("\n## Types\n")
            parts += [self._type(item) for item in rest]
        return "".join(parts)

    def _method(self, spec: MethodSpec) -> str:
        parts = [f"\n## `{spec.name}`\n\n", f"{_DIRECTIONS[spec.direction]}{_remarks(spec)}.\n"]
        if spec.params is not None:
            parts.append(self._body("Params", type_name(spec.params)))
        elif spec.direction != "serverNotification":
            parts.append("\nNo params.\n")
        if spec.result is not None:
            parts.append(self._body("Result", type_name(spec.result)))
        return "".join(parts)

    def _body(self, label: str, name: str) -> str:
        declaration = self._declarations[name]
        text = f"\n**{label}** `{name}`: {declaration.doc}\n"
        return text + self._details(declaration)

    def _type(self, declaration: Declaration) -> str:
        return f"\n### {declaration.name}\n\n{declaration.doc}\n" + self._details(declaration)

    def _details(self, declaration: Declaration) -> str:
        if isinstance(declaration, AliasDeclaration):
            return f"\n{_kind(declaration.type)}\n"
        return _fields(declaration)


def _fields(declaration: ObjectDeclaration) -> str:
    rows: list[str] = []
    if declaration.tag is not None:
        rows.append(f'| `{declaration.tag[0]}` | `"{declaration.tag[1]}"` | |\n')
    rows += [_row(item, declaration) for item in declaration.fields]
    if declaration.entries is not None:
        rows.append(f"| any other | {_kind(declaration.entries)} | |\n")
    return "\n| Key | Type | |\n| --- | --- | --- |\n" + "".join(rows) if rows else ""


def _row(item: Field, declaration: ObjectDeclaration) -> str:
    remarks: list[str] = []
    if item.name in declaration.one_of:
        remarks.append("one of these.")
    elif not item.required:
        remarks.append("optional.")
    if item.experimental:
        remarks.append("experimental.")
    note = " ".join([*remarks, item.doc]).strip()
    return f"| `{item.name}` | {_kind(item.type)} | {note[:1].upper() + note[1:]} |\n"


def _kind(expression: Expression) -> str:
    match expression:
        case Scalar(kind):
            return kind
        case Literals(values, is_open):
            listed = ", ".join(f"`{value}`" for value in values)
            return f"{listed}, or another string" if is_open else listed
        case Reference(name):
            return name
        case Array(item):
            return f"list of {_kind(item)}"
        case Mapping(value):
            return f"map to {_kind(value)}"
        case Alternatives(members, nullable):
            parts = [_kind(member) for member in members]
            return " or ".join([*parts, "null"] if nullable else parts)
        case Past(inner, until):
            return f"{_kind(inner)} (up to {until})"


def _remarks(spec: MethodSpec) -> str:
    remarks: list[str] = []
    if spec.scope is not None:
        remarks.append(_scope(spec.scope))
    if spec.experimental:
        remarks.append("experimental")
    if spec.local_only:
        remarks.append("not over sockets")
    if spec.removed_in is not None:
        remarks.append(f"gone since {spec.removed_in}")
    if not spec.in_schema:
        remarks.append("not in the schema")
    return "".join(f"; {remark}" for remark in remarks)


def _scope(scope: Scope) -> str:
    access = "shared" if scope.shared else "in order"
    key = scope.kind if scope.field is None else f"{scope.kind}({scope.field})"
    return f"{access} within `{key}`" + (" of the connection" if scope.per_connection else "")
