"""Writes the reference pages: one Markdown page a family, with its methods, their params and results, and its types.

Owns the pages' form. What they say comes from the method table and from the docstrings of the message types.
"""

import re
from typing import Final

from codex_trio_protocol.export.catalogue import (
    AliasDeclaration,
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

_LEGEND: Final = """\
Every method of the protocol, with the page that describes it. How to read the pages:

- **in order within** `key`: requests with the same key run one after the other, in the order in which they came.
  `thread(threadId)` is a key for each thread. A run of adjacent requests that are **shared within** the key runs
  together. A request without either starts at once.
- **experimental**: only for clients that said `capabilities.experimentalApi` in `initialize`; others get -32600 for
  such a request, and are not sent such a notification.
- **not over sockets**: only for clients on standard input and output, or in the same process.
- **optional** keys may be left out; what the description says of null then holds.
- A newer server may tell words, kinds of objects and keys that are not listed here. They survive decoding and encoding.
- **since** a release: older ones do not have it. **Up to** a release: only that release and older ones have it; it is
  still understood.
- Beside its own errors any request can fail with -32600 (before `initialize`, unknown method, params that do not
  fit), -32001 (too many requests at once; send it again later) and -32603 (a mistake in the server).
"""

_DIRECTIONS: Final = {
    "clientRequest": "Request to the server",
    "clientNotification": "Notification to the server",
    "serverRequest": "Request to the client",
    "serverNotification": "Notification to the client",
}


def files() -> dict[str, str]:
    """Return contents of every page by its file name."""
    pages = _Pages()
    found = {f"{family}.md": page for family, page in pages.pages().items()}
    found[INDEX] = pages.index()
    return dict(sorted(found.items()))


def _methods() -> list[MethodSpec]:
    tables = (CLIENT_REQUESTS, CLIENT_NOTIFICATIONS, SERVER_REQUESTS, SERVER_NOTIFICATIONS)
    return [spec for table in tables for spec in table.values()]


def _family(spec: MethodSpec) -> str:
    return (spec.params or spec.result or "v1:").partition(":")[0]


def _link(spec: MethodSpec) -> str:
    anchor = re.sub(r"[^a-z_]", "", spec.name.lower())
    return f"[`{spec.name}`]({_family(spec)}.md#{anchor})"


class _Pages:
    def __init__(self) -> None:
        self._declarations = catalogue()
        self._titles = families()
        self._targets = {type_name(target) for spec in _methods() for target in (spec.params, spec.result) if target}

    def index(self) -> str:
        lines = [NOTICE, "# Methods\n\n", _LEGEND, "\n| Method | Kind |\n| --- | --- |\n"]
        lines += [
            f"| {_link(spec)} | {_DIRECTIONS[spec.direction]}{', experimental' if spec.experimental else ''} |\n"
            for spec in sorted(_methods(), key=lambda spec: spec.name)
        ]
        return "".join(lines)

    def pages(self) -> dict[str, str]:
        """Page by family."""
        members: dict[str, list[Declaration]] = {}
        for declaration in self._declarations.values():
            members.setdefault(declaration.family, []).append(declaration)
        return {family: self._page(family, items) for family, items in members.items() if family != "base"}

    def _page(self, family: str, declarations: list[Declaration]) -> str:
        parts = [NOTICE, f"# {family}\n\n", self._titles[family].strip(), "\n"]
        methods = [spec for spec in _methods() if _family(spec) == family]
        if methods:
            parts += ["\n", *(f"- {_link(spec)}: {_DIRECTIONS[spec.direction].lower()}\n" for spec in methods)]
        related = _related_pages(family, methods)
        if related:
            parts.append(f"\nSee also {', '.join(f'[{name}]({name}.md)' for name in related)}.\n")
        parts += [self._method(spec) for spec in methods]
        rest = [item for item in declarations if item.name not in self._targets]
        if rest:
            parts.append("\n## Types\n")
            parts += [self._type(item) for item in rest]
        return "".join(parts)

    def _method(self, spec: MethodSpec) -> str:
        parts = [f"\n## `{spec.name}`\n\n", f"{_DIRECTIONS[spec.direction]}{self._remarks(spec)}.\n"]
        docs = ""
        for label, target in (("Params", spec.params), ("Result", spec.result)):
            if target is not None:
                declaration = self._declarations[type_name(target)]
                docs += declaration.doc
                parts.append(f"\n**{label}** `{declaration.name}`: {declaration.doc}\n{self._details(declaration)}")
            elif label == "Params" and spec.direction != "serverNotification":
                parts.append("\nNo params.\n")
        if spec.direction == "clientRequest" and "Errors" not in docs:
            parts.append("\nNo errors of its own.\n")
        return "".join(parts)

    def _type(self, declaration: Declaration) -> str:
        return f"\n### {declaration.name}\n\n{declaration.doc}\n" + self._details(declaration)

    def _details(self, declaration: Declaration) -> str:
        if isinstance(declaration, AliasDeclaration):
            return f"\n{self._kind(declaration.type)}\n"
        rows: list[str] = []
        if declaration.tag is not None:
            rows.append(f'| `{declaration.tag[0]}` | `"{declaration.tag[1]}"` | |\n')
        rows += [self._row(item, declaration) for item in declaration.fields]
        if declaration.entries is not None:
            rows.append(f"| any other | {self._kind(declaration.entries)} | |\n")
        return "\n| Key | Type | |\n| --- | --- | --- |\n" + "".join(rows) if rows else ""

    def _row(self, item: Field, declaration: ObjectDeclaration) -> str:
        remarks: list[str] = []
        if item.name in declaration.one_of:
            remarks.append("one of these")
        elif not item.required:
            remarks.append("optional")
        if item.experimental:
            remarks.append("experimental")
        note = f"{', '.join(remarks).capitalize()}. {item.doc}" if remarks else item.doc
        return f"| `{item.name}` | {self._kind(item.type)} | {note.strip()} |\n"

    def _kind(self, expression: Expression) -> str:
        match expression:
            case Scalar(kind, only=only):
                return kind if only is None else f"`{only}`"
            case Literals(values, is_open):
                listed = ", ".join(f"`{value}`" for value in values)
                return f"{listed}, or another string" if is_open else listed
            case Reference(name):
                return self._reference(name)
            case Array(item):
                return f"list of {self._kind(item)}"
            case Mapping(value):
                return f"map to {self._kind(value)}"
            case Alternatives(members, nullable):
                parts = [self._kind(member) for member in members]
                return " or ".join([*parts, "null"] if nullable else parts)
            case Dated(inner, since, until):
                # That there may be others is said where the rest of the words stands.
                kind = self._kind(Literals(inner.values) if isinstance(inner, Literals) else inner)
                return f"{kind} ({f'since {since}' if since is not None else f'up to {until}'})"

    def _reference(self, name: str) -> str:
        family = self._declarations[name].family
        if family == "base":
            return name
        return f"[{name}]({family}.md{'' if name in self._targets else f'#{name.lower()}'})"

    def _remarks(self, spec: MethodSpec) -> str:
        remarks: list[str] = []
        if spec.scope is not None:
            remarks.append(self._scope(spec, spec.scope))
        if spec.experimental:
            remarks.append("experimental")
        if spec.local_only:
            remarks.append("not over sockets")
        if spec.since is not None:
            remarks.append(f"since {spec.since}")
        if spec.removed_in is not None:
            remarks.append(f"gone since {spec.removed_in}")
        if not spec.in_schema:
            remarks.append("not in the schema")
        return "".join(f"; {remark}" for remark in remarks)

    def _scope(self, spec: MethodSpec, scope: Scope) -> str:
        access = "shared" if scope.shared else "in order"
        parts = [self._wire_name(spec, name) for name in (scope.field, scope.fallback) if name is not None]
        key = f"{scope.kind}({', or else '.join(parts)})" if parts else scope.kind
        return f"{access} within `{key}`" + (" of the connection" if scope.per_connection else "")

    def _wire_name(self, spec: MethodSpec, attribute: str) -> str:
        declaration = self._declarations[type_name(spec.params or "")]
        assert isinstance(declaration, ObjectDeclaration)
        return next(item.name for item in declaration.fields if item.attribute == attribute)


def _related_pages(family: str, methods: list[MethodSpec]) -> list[str]:
    """Return other pages with methods whose names begin with the same word."""
    words = {spec.name.partition("/")[0] for spec in methods}
    return sorted({_family(spec) for spec in _methods() if spec.name.partition("/")[0] in words} - {family})
