"""Single edits of a TOML text, made in the section where they belong, without taking the text apart.

Owns: finding that section, and the text with a value there, with a key more, or with a section more. Does not own:
whether the outcome says what it should, which has to be looked at (`edit`): this only looks where things usually stand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from codex_trio.config import toml_text
from codex_trio.config.toml_sections import Span, TablePath, first_section, read_section, section_at, sections_with


class Writing(Protocol):
    """Writes TOML as the editor of whole texts does."""

    def key(self, name: str) -> str:
        """Return one part of a key."""
        ...

    def value(self, value: Any) -> str:
        """Return a value that is no table."""
        ...

    def sections(self, path: TablePath, tables: Sequence[Any]) -> str:
        """Return the sections of an array of tables."""
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
    start, end = span[0], _end_of_own(text, span)
    section = text[start:end]
    if not section.strip():
        return _before_all(text, path, value, writing=writing) if len(path) == 1 else None
    place = toml_text.span_of(section, path)
    if place is None:
        changed = writing.with_key(section, path, value)
    else:
        changed = f"{section[: place[0]]}{writing.value(value)}{section[place[1] :]}"
    return f"{text[:start]}{changed}{text[end:]}"


def delete_in_place(text: str, path: TablePath, *, parse: toml_text.Parse) -> str | None:
    """Return the text without the sections of a table and what is below it, and without the comments above these.

    None where no section is about it. Comments of other sections stay where they are.
    """
    found = _sections_at(text, path, parse)
    for start, _ in reversed(found):
        text = _without_section(text, start)
    return text if found else None


def replace_sections(
    text: str, path: TablePath, tables: Sequence[Any], *, parse: toml_text.Parse, writing: Writing
) -> str | None:
    """Return the text with an array of tables in the place of the sections at a path, below the comments there.

    Where there are none it stands as a new section would.
    """
    written = writing.sections(path, tables)
    found = _sections_at(text, path, parse)
    if not found:
        return _with_written(text, path, written, parse=parse)
    for start, _ in reversed(found[1:]):
        text = _without_section(text, start)
    start = found[0][0]
    return f"{text[:start]}{written}{text[_end_of_own(text, section_at(text, start)) :]}"


def _without_section(text: str, start: int) -> str:
    """Return a text without the section that begins there, and without the comments above it."""
    before, after = text[: _start_of_own(text, start)], text[_end_of_own(text, section_at(text, start)) :]
    return before + (after.removeprefix("\n") if not before or before.endswith("\n\n") else after)


def _sections_at(text: str, path: TablePath, parse: toml_text.Parse) -> list[Span]:
    """Return where the sections at a path and below it stand, arrays of tables among them."""
    return [span for span in sections_with(text, path[-1]) if _header_of(text, span, parse)[: len(path)] == path]


def _header_of(text: str, span: Span, parse: toml_text.Parse) -> TablePath:
    """Return the path in a header, of whatever kind it is; none for what only looks like one."""
    header, _, _ = text[slice(*span)].partition("\n")
    try:
        inner: Any = parse(header)
    except toml_text.TomlSyntaxError:
        return ()
    path: list[str] = []
    while inner:
        if isinstance(inner, list):
            inner = cast("list[Any]", inner)[0]
            continue
        name = next(iter(inner))
        path.append(name)
        inner = inner[name]
    return tuple(path)


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
    *header, name = (writing.key(part) for part in path)
    written = f"[{'.'.join(header)}]\n{name} = {writing.value(value)}\n"
    return _with_written(text, path[:-1], written, parse=parse)


def _with_written(text: str, path: TablePath, written: str, *, parse: toml_text.Parse) -> str | None:
    """Return the text with what is written of a table of that path, behind its like, else at the end."""
    if not text.endswith("\n") or "\r" in text:
        return None
    alike = path[: max(1, len(path) - 1)]
    at = max((_end_of_own(text, span) for span in _sections_at(text, alike, parse)), default=len(text))
    before, after = text[:at], text[at:]
    between = "" if before.endswith("\n\n") else "\n"
    return f"{before}{between}{written}{_before(after)}{after}"


def _before(after: str) -> str:
    """Return the empty line that what follows a new section does not begin with itself."""
    return "\n" if after and not after.startswith("\n") else ""


def _before_all(text: str, path: TablePath, value: Any, *, writing: Writing) -> str | None:
    """Return the text, which begins with a section, with a key above all of them."""
    return f"{writing.key(path[0])} = {writing.value(value)}\n\n{text}" if text and "\r" not in text else None


def _end_of_own(text: str, span: Span) -> int:
    """Return where ends what is a section's own: not the comments above the next header, nor the empty lines."""
    start, end = span
    lines = text[start:end].split("\n")
    said = max((number for number, line in enumerate(lines, 1) if not _is_comment_or_empty(line)), default=0)
    own = next((number for number in range(said, len(lines)) if not lines[number].lstrip().startswith("#")), len(lines))
    if end < len(text) and own == len(lines) - 1:
        own = said
    return min(end, start + sum(len(line) + 1 for line in lines[:own]))


def _start_of_own(text: str, start: int) -> int:
    """Return where the comments begin that stand right above a header; those that begin a text are about all of it."""
    at = start
    while at and text[(line := text.rfind("\n", 0, at - 1) + 1) : at].lstrip().startswith("#"):
        at = line
    return at or start


def _is_comment_or_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def is_array_of_tables(value: Any) -> bool:
    """Return whether a value is an array of tables, of which each may have a section."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(part, dict) for part in cast("list[Any]", value))


def leaves_of(path: TablePath, value: Any) -> list[tuple[TablePath, Any]] | None:
    """Return the single values, and arrays of tables, that an edit sets; None where it is more than setting these.

    A table may also take away what it does not name.
    """
    if value is None:
        return None
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        is_single = is_array_of_tables(parts) or not any(isinstance(part, (dict, list)) for part in parts)
        return [(path, parts)] if is_single else None
    if not isinstance(value, dict):
        return [(path, value)]
    parts = cast("Mapping[str, Any]", value)
    if not parts:
        return None
    found = [leaves_of((*path, name), part) for name, part in parts.items()]
    return None if None in found else [leaf for leaves in found for leaf in leaves or ()]
