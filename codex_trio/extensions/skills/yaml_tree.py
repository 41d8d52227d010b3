"""YAML of others, read within bounds: tables, lists and texts, and nothing else.

Owns the bounds. The text is taken event by event, so that no tag makes an object, an alias is the value that it names
rather than a copy of it, and what is too deep, too long or names itself is refused before it is built. Every scalar
stays the text that it is written as. Imports the parser on first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

YamlTree: TypeAlias = "dict[str, YamlTree] | list[YamlTree] | str | None"

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 16
MAX_NODES = 5_000
MAX_ALIASES = 100

_MOST_SIMPLE = 100
_SIMPLE_LINE = re.compile(
    r"(  )?([A-Za-z][A-Za-z0-9_-]*):(?: +(?:\"([^\"\\\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\uffff]*)\""
    r"|([A-Za-z0-9][^:#\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\uffff]*)))? *"
)

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class YamlProblem(Exception):
    """The text is no YAML, or more of it than is read."""


def load_yaml(text: str) -> YamlTree:
    """Return the first document of a text; None for an empty one. Raises YamlProblem."""
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(f"is longer than {MAX_CHARACTERS} characters")
    simple = simple_tree(text)
    if simple is not None:
        return simple

    import yaml

    builder = _Builder()
    try:
        for event in _events(text):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except yaml.YAMLError as error:
        raise YamlProblem(_words(error)) from None
    return builder.root


def simple_tree(text: str) -> dict[str, YamlTree] | None:
    """Return what lines of plain keys and values say, two levels of them; None for any text with more to it.

    Nearly all files of skills are like that, and this takes a fifth of the time.
    """
    tree: dict[str, YamlTree] = {}
    inner: dict[str, YamlTree] | None = None
    for line in text.split("\n"):
        match = _SIMPLE_LINE.fullmatch(line)
        if match is None:
            if line.strip(" "):
                return None
            continue
        indent, key, quoted, plain = match.groups()
        table = inner if indent else tree
        if table is None or key in table or len(tree) > _MOST_SIMPLE:
            return None
        value = quoted if quoted is not None else plain and plain.rstrip(" ")
        is_open = value is None and not indent
        if value is None and indent:
            return None
        inner = {} if is_open else inner if indent else None
        table[key] = inner if is_open else None if quoted is None and value in _NULLS else value
    # A key with nothing below it has no value.
    return {key: None if value == {} else value for key, value in tree.items()}


def _events(text: str) -> Iterator[Any]:
    import yaml

    # Its stubs say nothing of the text, nor of what comes back.
    return cast("Any", yaml).parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _words(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return problem if mark is None else f"{problem} at line {mark.line + 1}, column {mark.column + 1}"


class _Builder:
    """Puts a document together from its events."""

    def __init__(self) -> None:
        self.root: YamlTree = None
        self._open: list[_Open] = []
        self._anchors: dict[str, YamlTree] = {}
        self._nodes = 0
        self._aliases = 0

    def take(self, event: Any) -> None:
        """Take the next event. Raises YamlProblem."""
        take = _TAKE.get(type(event).__name__)
        if take is not None:
            take(self, event)

    def take_scalar(self, event: Any) -> None:
        """Take a text."""
        is_null = not event.style and event.value in _NULLS
        self._add(None if is_null else event.value, event.anchor)

    def take_start(self, event: Any) -> None:
        """Take the start of a table or a list."""
        if len(self._open) >= MAX_DEPTH:
            raise YamlProblem(f"is nested more than {MAX_DEPTH} levels deep")
        is_table = type(event).__name__ == "MappingStartEvent"
        self._open.append(_Open({} if is_table else [], event.anchor))

    def take_end(self, _event: Any) -> None:
        """Take the end of one."""
        ended = self._open.pop()
        self._add(ended.value, ended.anchor)

    def take_alias(self, event: Any) -> None:
        """Take the name of a value that came before."""
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise YamlProblem(f"has more than {MAX_ALIASES} aliases")
        if event.anchor not in self._anchors:
            raise YamlProblem(f"the alias `{event.anchor}` names nothing that came before it")
        self._add(self._anchors[event.anchor], None)

    def _add(self, value: YamlTree, anchor: str | None) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise YamlProblem(f"has more than {MAX_NODES} values")
        if anchor is not None:
            self._anchors[anchor] = value
        if self._open:
            self._open[-1].add(value)
        else:
            self.root = value


class _Open:
    """A table or a list whose end has not come yet."""

    def __init__(self, value: dict[str, YamlTree] | list[YamlTree], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self._key: YamlTree = None
        self._has_key = False

    def add(self, value: YamlTree) -> None:
        """Take an item, or a key and then its value. A key that is no text is passed over with its value."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif not self._has_key:
            self._key, self._has_key = value, True
        else:
            if isinstance(self._key, str):
                self.value[self._key] = value
            self._has_key = False


_TAKE: Final[Mapping[str, Callable[[_Builder, Any], None]]] = {
    "ScalarEvent": _Builder.take_scalar,
    "MappingStartEvent": _Builder.take_start,
    "SequenceStartEvent": _Builder.take_start,
    "MappingEndEvent": _Builder.take_end,
    "SequenceEndEvent": _Builder.take_end,
    "AliasEvent": _Builder.take_alias,
}
