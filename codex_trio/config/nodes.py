"""The kinds of value a configuration key can hold, and what follows from a kind.

Owns: checking a value against its kind, finding keys nobody reads, and making paths absolute. Does not own: which key
has which kind (`schema`).

Messages have the form users of this file format know, such as ``invalid type: integer `5`, expected a string``.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.util.serde_words import invalid_type, invalid_value, missing_field, unknown_variant

KeyPath = tuple[str | int, ...]


class SchemaProblem(Exception):
    """A value is not of its key's kind.

    `path` leads to the value at fault. `reported` is the key named in texts: the same, or a key around it.
    """

    def __init__(self, message: str, path: KeyPath, reported: KeyPath | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.reported = path if reported is None else reported

    def describe(self) -> str:
        """Return the message and, on a second line, the key it is about."""
        return f"{self.message}\nin `{_dotted(self.reported)}`\n"

    @property
    def told(self) -> str:
        """The message with the exact key it is about, in one line: for beside a place in a file."""
        names_its_key = self.message.startswith(f"{self.path[0]}.") if self.path else True
        if names_its_key:
            return self.message
        key = f"`{_dotted(self.path)}`"
        return f"{self.message} This is about {key}." if self.message.endswith(".") else f"{self.message} in {key}"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


class Inside(msgspec.Struct, frozen=True):
    """A problem that the `check` of a whole found, with the path to it from there."""

    text: str
    path: KeyPath


class Anything(msgspec.Struct, frozen=True):
    """Any value: keys that others read and check, or that are only accepted. `inside` tells which keys they read."""

    inside: "Node | None" = None


class Text(msgspec.Struct, frozen=True):
    """A string."""


class PathText(msgspec.Struct, frozen=True):
    """A file system path; relative ones count from the folder of the file that holds them."""


class Flag(msgspec.Struct, frozen=True):
    """A boolean."""


class Integer(msgspec.Struct, frozen=True):
    """A whole number within bounds; `name` is how the bounds are called in messages."""

    name: str
    low: int
    high: int


class Toggle(msgspec.Struct, frozen=True):
    """A boolean, or a table of details that may hold `enabled`."""


class Choice(msgspec.Struct, frozen=True):
    """One of several words; `refused` words are known ones that no longer work, with the text that says so."""

    words: tuple[str, ...]
    refused: dict[str, str] = {}


class Sequence(msgspec.Struct, frozen=True):
    """An array of one kind."""

    item: "Node"


class Names(msgspec.Struct, frozen=True, dict=True):
    """A table whose keys the user makes up. `check` sees the whole after its parts passed and returns a problem."""

    value: "Node"
    check: "Callable[[Mapping[str, Any]], str | Inside | None] | None" = None

    @cached_property
    def holds_paths(self) -> bool:
        """Whether there may be a path in it."""
        return holds_paths(self.value)


class Table(msgspec.Struct, frozen=True, dict=True):
    """A table with known keys.

    `rest` is the kind of other keys (without it they are not read by anybody, and reported as such). `opaque` tables
    report a problem anywhere inside as their own. `check` sees the whole after its parts passed and returns a problem.
    """

    fields: dict[str, "Node"]
    required: tuple[str, ...] = ()
    rest: "Node | None" = None
    opaque: bool = False
    check: "Callable[[Mapping[str, Any]], str | Inside | None] | None" = None

    @cached_property
    def holds_paths(self) -> bool:
        """Whether there may be a path in it."""
        return any(map(holds_paths, self.fields.values())) or (self.rest is not None and holds_paths(self.rest))


class Either(msgspec.Struct, frozen=True):
    """A string or boolean kind or a table kind, told apart by the value; `name` is what messages expect."""

    text: "Node"
    table: "Node"
    name: str


Node = Anything | Text | PathText | Flag | Toggle | Integer | Choice | Sequence | Names | Table | Either


def integer(name: str) -> Integer:
    """Return a fixed-size integer by its usual short name, such as `u16`; `usize` is `u64`."""
    bits = 64 if name == "usize" else int(name[1:])
    return Integer(name, 0, 2**bits - 1) if name[0] == "u" else Integer(name, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


class PassedTables:
    """Tables that passed a check of their kind, by their identity: what was parsed and merged is never changed.

    Of those with tables in them, which may be big, only the latest few are kept.
    """

    def __init__(self, *, most: int = 10_000, most_nested: int = 64) -> None:
        self._plain: dict[tuple[int, int], tuple[Node, object]] = {}
        self._nested: dict[tuple[int, int], tuple[Node, object]] = {}
        self._most = most
        self._most_nested = most_nested

    def has(self, node: Node, table: object) -> bool:
        """Return whether a table passed as one of that kind."""
        key = id(node), id(table)
        return key in self._plain or key in self._nested

    def add(self, node: Node, table: dict[str, Any]) -> None:
        """Remember that a table passed, and keep it, so that nothing else gets its identity."""
        is_nested = any(isinstance(part, dict) for part in table.values())
        tables, most = (self._nested, self._most_nested) if is_nested else (self._plain, self._most)
        if len(tables) >= most:
            tables.clear()
        tables[id(node), id(table)] = node, table


def check(node: Node, value: Any, path: KeyPath = (), *, passed: PassedTables | None = None) -> None:
    """Raise `SchemaProblem` for the first part of `value` that is not of its kind.

    Tables that `passed` before are not looked at again.
    """
    if passed is None or not isinstance(value, dict):
        _check(node, value, path, passed)
    elif not passed.has(node, cast("object", value)):
        _check(node, value, path, passed)
        passed.add(node, cast("dict[str, Any]", value))


def _check(node: Node, value: Any, path: KeyPath, passed: PassedTables | None) -> None:
    match node:
        case Anything():
            return
        case Table():
            _check_table(node, value, path, passed)
        case Names():
            _expect(value, dict, "a map", path)
            for name, part in cast("dict[str, Any]", value).items():
                check(node.value, part, (*path, name), passed=passed)
            _check_whole(node, cast("dict[str, Any]", value), path)
        case Sequence():
            _expect(value, list, "a sequence", path)
            for index, part in enumerate(cast("list[Any]", value)):
                _check_item(node.item, part, path, index)
        case Either():
            scalar = bool if isinstance(node.text, Flag) else str
            if not isinstance(value, scalar | dict):
                raise SchemaProblem(invalid_type(value, node.name), path)
            check(node.table if isinstance(value, dict) else node.text, value, path, passed=passed)
        case _:
            _check_scalar(node, value, path)


def unread_keys(node: Node, value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of keys that nobody reads, below a value that passed `check`."""
    match node:
        case Table() if isinstance(value, dict):
            for name, part in cast("dict[str, Any]", value).items():
                inner = node.fields.get(name, node.rest)
                if inner is None:
                    yield (*path, name)
                else:
                    yield from unread_keys(inner, part, (*path, name))
        case Names() if isinstance(value, dict):
            for name, part in cast("dict[str, Any]", value).items():
                yield from unread_keys(node.value, part, (*path, name))
        case Either() if isinstance(value, dict):
            yield from unread_keys(node.table, value, path)
        case Anything(inside) if inside is not None:
            yield from unread_keys(inside, value, path)
        case _:
            return


def names_beside(node: Node, path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the known names where the last one of a path stands."""
    current: Node | None = node
    for name in (*path[:-1], None):
        if isinstance(current, Either):
            current = current.table
        elif isinstance(current, Anything):
            current = current.inside
        if name is None:
            break
        match current:
            case Table():
                current = current.fields.get(name, current.rest)
            case Names():
                current = current.value
            case _:
                return ()
    return tuple(current.fields) if isinstance(current, Table) else ()


def holds_paths(node: Node) -> bool:
    """Return whether there may be a path in a value of that kind, as far as `absolute_paths` looks."""
    match node:
        case PathText():
            return True
        case Sequence():
            return holds_paths(node.item)
        case Names() | Table():
            return node.holds_paths
        case _:
            return False


def absolute_paths(node: Node, value: Any, *, folder: Path, home: Path | None) -> Any:
    """Return `value` with its paths made absolute against `folder`; `~` is `home`. The given one stays as it is.

    Values of a wrong kind stay as they are too.
    """
    if not holds_paths(node):
        return value
    match node:
        case PathText() if isinstance(value, str):
            return resolve_path(value, folder=folder, home=home)
        case Sequence() if isinstance(value, list):
            return [absolute_paths(node.item, part, folder=folder, home=home) for part in cast("list[Any]", value)]
        case Names() if isinstance(value, dict):
            return {
                name: absolute_paths(node.value, part, folder=folder, home=home)
                for name, part in cast("dict[str, Any]", value).items()
            }
        case Table() if isinstance(value, dict):
            other = node.rest or Anything()
            return {
                name: absolute_paths(node.fields.get(name, other), part, folder=folder, home=home)
                for name, part in cast("dict[str, Any]", value).items()
            }
        case _:
            return value


def resolve_path(text: str, *, folder: Path, home: Path | None) -> str:
    """Return the absolute, normalised form of a path as written by a user."""
    if home is not None and (text == "~" or text.startswith("~/")):
        text = f"{home}{text[1:]}"
    path = os.path.normpath(folder / text)
    # POSIX lets two slashes at the start mean something else; here they do not.
    return path[1:] if path.startswith("//") else path


def _expect(value: Any, kind: type, name: str, path: KeyPath) -> None:
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise SchemaProblem(invalid_type(value, name), path)


def _check_item(node: Node, value: Any, path: KeyPath, index: int) -> None:
    try:
        check(node, value, (*path, index))
    except SchemaProblem as problem:
        problem.reported = path  # an array is named as a whole
        raise


def _check_table(node: Table, value: Any, path: KeyPath, passed: PassedTables | None) -> None:
    try:
        _expect(value, dict, "a table", path)
        for name, part in cast("dict[str, Any]", value).items():
            inner = node.fields.get(name, node.rest)
            if inner is not None:
                check(inner, part, (*path, name), passed=passed)
        for name in node.required:
            if name not in value:
                raise SchemaProblem(missing_field(name), path)
    except SchemaProblem as problem:
        if node.opaque:
            problem.reported = path
        raise
    _check_whole(node, cast("dict[str, Any]", value), path)


def _check_whole(node: Table | Names, value: Mapping[str, Any], path: KeyPath) -> None:
    match node.check(value) if node.check else None:
        case None:
            return
        case Inside(text, inside):
            raise SchemaProblem(text, (*path, *inside), reported=path)
        case text:
            raise SchemaProblem(text, path)


def _check_scalar(node: Text | PathText | Flag | Toggle | Integer | Choice, value: Any, path: KeyPath) -> None:
    match node:
        case Text():
            _expect(value, str, "a string", path)
        case PathText():
            _expect(value, str, "path string", path)
        case Flag():
            _expect(value, bool, "a boolean", path)
        case Toggle():
            if not isinstance(value, dict):
                _expect(value, bool, "a boolean", path)
        case Integer():
            _expect(value, int, node.name, path)
            if not node.low <= value <= node.high:
                raise SchemaProblem(invalid_value(value, node.name), path)
        case Choice():
            _expect(value, str, "a string", path)
            if value in node.refused:
                raise SchemaProblem(node.refused[value], path)
            if value not in node.words:
                raise SchemaProblem(unknown_variant(value, node.words), path)
