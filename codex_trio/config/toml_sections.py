"""A TOML text as the sections that its table headers begin.

Owns: where sections begin and end, and putting the tables of sections together as the whole text would be read. Does
not own: reading a section (`toml_text`), or keeping what was read (`parsed_texts`).

A long text is that of a user who has many projects, a section each. A change touches one of them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from codex_trio.config.toml_text import Parse, TomlSyntaxError

_HEADER = re.compile(r"^\[", re.MULTILINE)
"""What begins a line that begins a section, unless that is part of a text or a list."""

TablePath = tuple[str, ...]


class TomlSection(NamedTuple):
    """What one section says: the path in its header (none before the first header), and the table below it."""

    path: TablePath
    table: dict[str, Any]


Span: TypeAlias = tuple[int, int]


def first_section(text: str) -> Span:
    """Return where what is before all headers stands."""
    return 0, _end_of_section(text, 0)


def section_at(text: str, start: int) -> Span:
    """Return where the section stands whose header begins there."""
    return start, _end_of_section(text, start + 1)


def sections_with(text: str, words: str) -> Iterator[Span]:
    """Yield where the sections stand that have these words in their header.

    What looks like a header in a text or a list of several lines is taken for one. Neither of the two pieces is then
    TOML: the first one ends within something.
    """
    for header in re.finditer(rf"^\[.*{re.escape(words)}", text, re.MULTILINE):
        yield header.start(), _end_of_section(text, header.end())


def _end_of_section(text: str, inside: int) -> int:
    found = _HEADER.search(text, inside)
    return found.start() if found else len(text)


def pieces_of(text: str) -> list[str]:
    """Return what stands before the first header, and each section without the bracket that begins it."""
    first, *others = text.split("\n[")
    return ["", first[1:], *others] if first.startswith("[") else [first, *others]


def read_section(text: str, parse: Parse) -> TomlSection | None:
    """Return what a section says; None for one of an array of tables. Raises `TomlSyntaxError`."""
    if not text.startswith("["):
        return TomlSection((), parse(text))
    if text.startswith("[["):
        return None
    header, _, _ = text.partition("\n")
    # The path is what its header alone makes.
    inner: Any = parse(header.rstrip("\r"))
    whole: Any = parse(text)
    path: list[str] = []
    while inner:
        name = next(iter(inner))
        path.append(name)
        inner, whole = inner[name], whole[name]
    return TomlSection(tuple(path), whole)


def parse_by_sections(text: str, section: Callable[[str], TomlSection | None]) -> dict[str, Any] | None:
    """Return the table of a text, of which `section` reads the parts; None where the parts do not tell.

    The tables of sections become parts of the whole as they are.
    """
    whole = _Whole()
    first, *others = pieces_of(text)
    try:
        found = section(first + "\n")
        for other in others:
            if found is None or not whole.take(found):
                return None
            found = section(f"[{other}\n")
    except TomlSyntaxError:
        return None  # what is wrong, and where, only the whole text tells
    return whole.table if found is not None and whole.take(found) else None


class _Whole:
    """Puts the tables of sections together, without changing them."""

    def __init__(self) -> None:
        self.table: dict[str, Any] = {}
        self._own: dict[TablePath, dict[str, Any]] = {(): self.table}
        self._begun: set[TablePath] = set()
        self._latest: tuple[TablePath, dict[str, Any]] = (), self.table

    def take(self, section: TomlSection) -> bool:
        """Put a section in its place. Return False where something is there that no header made."""
        path, table = section
        if path in self._begun:
            return False
        self._begun.add(path)
        if not path:
            self.table.update(table)
            return True
        name, around = path[-1], path[:-1]
        if around != self._latest[0]:
            parent = self._parent_of(path)
            if parent is None:
                return False
            self._latest = around, parent
        parent = self._latest[1]
        if name not in parent:
            parent[name] = table
            return True
        current = self._own.get(path)
        if current is None or not current.keys().isdisjoint(table):
            return False
        current.update(table)
        return True

    def _parent_of(self, path: TablePath) -> dict[str, Any] | None:
        """Return the table around a path, made where there is none yet, and a copy where a section's own is there."""
        parent = self.table
        for length in range(1, len(path)):
            around, name = path[:length], path[length - 1]
            inner = self._own.get(around)
            if inner is None:
                if name in parent and around not in self._begun:
                    return None
                inner = self._own[around] = parent[name] = dict(parent.get(name, {}))
            parent = inner
        return parent
