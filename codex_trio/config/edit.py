"""Changing a TOML file the user also edits by hand.

Owns: setting and deleting keys with comments, order and layout kept, and replacing a file in one step.
Does not own: who may write what (`write`), or what a file should contain (`schema`).

Imports the TOML editor on first use.
"""

import os
import re
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config import toml_text
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.sources import MAX_FILE_BYTES
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file

_LONG = 4096
"""Characters from which on a text is not taken apart as a whole for one edit."""

_HEADER = re.compile(r"^\[", re.MULTILINE)
"""What begins a line that begins a section, unless that is part of a text or a list."""

_BYTE_ORDER_MARK = "\ufeff"
"""What some editors begin a UTF-8 file with; those want it back."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Set the key at `path` to `value`; None deletes it.

    A table given for a table replaces it, or with `merge` is laid over it.
    """

    path: tuple[str, ...]
    value: Any
    merge: bool


def edit_table(table: dict[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """Return a plain table with the edits made; the given one stays as it is."""
    result = _copy(table)
    for edit in edits:
        _set(result, edit.path, edit.value, merge=edit.merge, new_table=_plain_table)
    return result


def edit_text(text: str, edits: Sequence[Edit], *, parse: toml_text.Parse = toml_text.parse) -> str:
    """Return a TOML text with the edits made and everything else as it was.

    Raises `ConfigWriteError` if the layout is one that cannot be edited without changing something else.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable

    def table_within(parent: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # What stands between braces has no room for a header.
        return tomlkit.inline_table() if isinstance(parent, InlineTable) else tomlkit.table()

    def edit_part(part: str) -> str:
        document = tomlkit.parse(part)
        for edit in edits:
            _set(cast("Any", document), edit.path, edit.value, merge=edit.merge, new_table=table_within)
        return tomlkit.dumps(document)

    try:
        meant = edit_table(parse(text), edits)
        quickly = _edit_where_it_is(text, edits, meant, edit_part, parse)
        if quickly is not None:
            return quickly
        edited = edit_part(text)
        found = edit_table(parse(edited), [])
        for edit in edits:
            # A table that only stood in the header of what was deleted goes with it, or stays empty: both are right.
            _drop_empty(found, edit.path[:-1])
            _drop_empty(meant, edit.path[:-1])
    except (TOMLKitError, toml_text.TomlSyntaxError) as error:
        raise ConfigWriteError(f"Unable to edit the configuration: {error}", code="configValidationError") from None
    if found != meant:
        raise ConfigWriteError(
            "Unable to edit the configuration without changing other settings; edit the file by hand",
            code="configValidationError",
        )
    return edited


def _edit_where_it_is(
    text: str, edits: Sequence[Edit], meant: dict[str, Any], edit_part: Callable[[str], str], parse: toml_text.Parse
) -> str | None:
    """Return a long text with one edit made in the section where it belongs; None when that is not all there is to it.

    The editor takes its time for each project that the user's file has collected.
    """
    from tomlkit.exceptions import TOMLKitError

    if len(edits) != 1 or len(text) < _LONG or edits[0].value is None or isinstance(edits[0].value, dict):
        return None
    span = _section_of(text, edits[0].path)
    if span is None:
        return None
    start, end = span
    try:
        edited = text[:start] + edit_part(text[start:end]) + text[end:]
        return edited if parse(edited) == meant else None
    except (TOMLKitError, toml_text.TomlSyntaxError):
        return None  # what looked like a section stands in a text of several lines


def _section_of(text: str, path: tuple[str, ...]) -> tuple[int, int] | None:
    """Return where the section stands that holds the key at a path: the table's own, or what is before all tables."""
    starts = [match.start() for match in _HEADER.finditer(text)]
    if len(path) == 1:
        return (0, starts[0]) if starts and text[: starts[0]].strip() else None
    # Told apart by a word, before each header is read.
    for number, start in enumerate(starts):
        header = text[start : text.find("\n", start) + 1]
        if path[-2] in header and _is_header_of(header, path[:-1]):
            return start, starts[number + 1] if number + 1 < len(starts) else len(text)
    return None


def _is_header_of(header: str, path: tuple[str, ...]) -> bool:
    try:
        value: Any = toml_text.parse(header)
    except toml_text.TomlSyntaxError:
        return False
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = cast("dict[str, Any]", value)[name]
    return value == {}


def edit_file(
    path: Path,
    edits: Sequence[Edit],
    *,
    accept: Callable[[dict[str, Any]], None] | None = None,
    parse: toml_text.Parse = toml_text.parse,
) -> None:
    """Make the edits in a file, which need not exist. `accept` sees the new table first and may raise.

    Readers see the old text or the new, never a part. Raises `ConfigWriteError` or `OSError`.
    """
    target = Path(os.path.realpath(path))  # a link to the file stays a link
    try:
        text = read_whole(target, limit=MAX_FILE_BYTES).decode("utf-8")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        raise ConfigWriteError(
            f"{path} is not UTF-8 text (byte {error.start}); correct it by hand", code="configValidationError"
        ) from None
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    edited = edit_text(text.removeprefix(mark), edits, parse=parse)
    if accept is not None:
        accept(parse(edited))
    if mark + edited != text:
        replace_file(target, (mark + edited).encode(), mode=_mode_of(target))


def _mode_of(path: Path) -> int:
    """Return who may read a file: an existing one keeps it, a new one is its owner's."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o600


def _copy(value: Any) -> Any:
    match value:
        case dict():
            return {name: _copy(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [_copy(part) for part in cast("list[Any]", value)]
        case _:
            return value


def _drop_empty(table: dict[str, Any], path: tuple[str, ...]) -> None:
    """Delete the tables on a path that have nothing in them, the innermost first."""
    if not path or not isinstance(inner := table.get(path[0]), dict):
        return
    _drop_empty(cast("dict[str, Any]", inner), path[1:])
    if not inner:
        del table[path[0]]


def _plain_table(_parent: MutableMapping[str, Any]) -> dict[str, Any]:
    return {}


def _set(
    table: MutableMapping[str, Any],
    path: tuple[str, ...],
    value: Any,
    *,
    merge: bool,
    new_table: Callable[[MutableMapping[str, Any]], Any],
) -> None:
    name, rest = path[0], path[1:]
    current = table.get(name)
    if value is None:
        if not rest:
            table.pop(name, None)
        elif isinstance(current, MutableMapping):
            _set(cast("Any", current), rest, None, merge=merge, new_table=new_table)
        return
    if not rest and not isinstance(value, dict):
        table[name] = _copy_without_null(value)
        return
    is_new = not isinstance(current, MutableMapping)
    inner = new_table(table) if is_new else cast("Any", current)
    if rest:
        _set(inner, rest, value, merge=merge, new_table=new_table)
    else:
        parts = cast("dict[str, Any]", value)
        if not merge:
            for old in [key for key in inner if key not in parts]:
                del inner[old]
        for key, part in parts.items():
            _set(inner, (key,), part, merge=merge, new_table=new_table)
    if is_new:
        table[name] = inner  # only now that it is filled, so that an editor knows what kind of table it is


def _copy_without_null(value: Any) -> Any:
    match value:
        case dict():
            parts = cast("dict[str, Any]", value).items()
            return {name: _copy_without_null(part) for name, part in parts if part is not None}
        case list():
            return [_copy_without_null(part) for part in cast("list[Any]", value) if part is not None]
        case _:
            return value
