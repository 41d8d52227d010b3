"""Single edits of a TOML text, made in the section where they belong, without taking the text apart.

Owns: finding that section, and the text with a value there, with a key more, or with a section more. Does not own:
whether the outcome says what it should, which has to be looked at (`edit`): this only looks where things usually stand.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from codex_trio.config import toml_text
from codex_trio.config.toml_sections import Span, TablePath, first_section, read_section, sections_with


class Writing(Protocol):
    """Writes TOML as the editor of whole texts does."""

    def key(self, name: str) -> str:
        """Return one part of a key."""
        ...

    def value(self, value: Any) -> str:
        """Return a value that is no table."""
        ...

    def with_key(self, section: str, path: TablePath, value: Any) -> str:
        """Return the text of a section with a key more."""
        ...


def edit_in_place(text: str, path: TablePath, value: Any, *, parse: toml_text.Parse, writing: Writing) -> str | None:
    """Return the text with that value at a path; None where it is not so easy. Raises `TomlSyntaxError`.

    `value` is no table and holds none.
    """
    span = first_section(text) if len(path) == 1 else _section_of(text, path[:-1], parse)
    if span is None:
        return _with_a_section(text, path, value, parse=parse, writing=writing)
    start, end = span
    section = text[start:end]
    if not section.strip():
        return None
    place = toml_text.span_of(section, path)
    if place is None:
        changed = writing.with_key(section, path, value)
    else:
        changed = f"{section[: place[0]]}{writing.value(value)}{section[place[1] :]}"
    return f"{text[:start]}{changed}{text[end:]}"


def _section_of(text: str, path: TablePath, parse: toml_text.Parse) -> Span | None:
    """Return where the section of a table stands."""
    # Told apart by a word, before each header is read.
    return next((span for span in sections_with(text, path[-1]) if _path_of(text, span, parse) == path), None)


def _path_of(text: str, span: Span, parse: toml_text.Parse) -> TablePath | None:
    header, _, _ = text[slice(*span)].partition("\n")
    try:
        section = read_section(header, parse)
    except toml_text.TomlSyntaxError:
        return None
    return None if section is None else section.path


def _with_a_section(text: str, path: TablePath, value: Any, *, parse: toml_text.Parse, writing: Writing) -> str | None:
    """Return the text with a section more, behind its like, else at the end."""
    if not text.endswith("\n") or "\r" in text:
        return None
    alike = path[: max(1, len(path) - 2)]
    at = max(
        (
            span[1]
            for span in sections_with(text, alike[-1])
            if (_path_of(text, span, parse) or ())[: len(alike)] == alike
        ),
        default=len(text),
    )
    before, after = text[:at], text[at:]
    between = "" if before.endswith("\n\n") else "\n"
    *header, name = (writing.key(part) for part in path)
    added = f"{between}[{'.'.join(header)}]\n{name} = {writing.value(value)}\n"
    return f"{before}{added}\n{after}" if after else f"{before}{added}"


def leaves_of(path: TablePath, value: Any) -> list[tuple[TablePath, Any]] | None:
    """Return the single values that an edit sets; None where it is more than setting these.

    A table may also take away what it does not name.
    """
    if value is None:
        return None
    if isinstance(value, list) and any(isinstance(part, (dict, list)) for part in cast("list[Any]", value)):
        return None
    if not isinstance(value, dict):
        return [(path, value)]
    parts = cast("Mapping[str, Any]", value)
    if not parts:
        return None
    found = [leaves_of((*path, name), part) for name, part in parts.items()]
    return None if None in found else [leaf for leaves in found for leaf in leaves or ()]
