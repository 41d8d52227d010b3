"""Changing a TOML file the user also edits by hand.

Owns: setting and deleting keys with comments, order and layout kept, and replacing a file in one step.
Does not own: who may write what (`write`), or what a file should contain (`schema`).

Imports the TOML editor on first use.
"""

import errno
import os
from collections.abc import Callable, Generator, Mapping, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.config import toml_text
from codex_trio.config.edit_in_place import (
    delete_in_place,
    edit_in_place,
    is_array_of_tables,
    leaves_of,
    replace_sections,
)
from codex_trio.config.errors import ConfigWriteError
from codex_trio.config.sources import MAX_FILE_BYTES
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file
from codex_trio.util.timed_lock import lock_within

_LOCK_SECONDS = 10.0
_MOST_TRIES = 10
"""How often an edit begins anew because somebody else wrote the file meanwhile."""

_BYTE_ORDER_MARK = "\ufeff"
"""What some editors begin a UTF-8 file with; those want it back."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Set the key at `path` to `value`; None deletes it.

    A table given for a table replaces it, or with `merge` is laid over it.
    """

    path: tuple[str, ...]
    value: Any
    merge: bool


def why_not_written(target: Path, error: OSError) -> str:
    """Return why `edit_file` could not write its file, and what can be done."""
    if error.errno == errno.EBUSY:
        return (
            f"failed to write {target}: it is mounted by itself, so no other file can take its place: mount the folder "
            "that holds it, or change the file where it comes from"
        )
    return f"failed to write {target}: {error.strerror}"


def edit_table(table: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """Return a plain table with the edits made; the given one stays as it is, and shares what is not changed."""
    result = dict(table)
    for edit in edits:
        result = _changed(result, edit.path, edit.value, merge=edit.merge)
    return result


def edit_text(text: str, edits: Sequence[Edit], *, parse: toml_text.Parse = toml_text.parse) -> str:
    """Return a TOML text with the edits made and everything else as it was.

    Raises `ConfigWriteError` if the layout is one that cannot be edited without changing something else.
    """
    from tomlkit.exceptions import TOMLKitError

    if "\r\n" in text and text.count("\r") == text.count("\n") == text.count("\r\n"):
        # As some editors have it, which want it so for what is new as well. To TOML both mean the same.
        return edit_text(text.replace("\r\n", "\n"), edits, parse=parse).replace("\n", "\r\n")
    try:
        meant = edit_table(parse(text), edits)
        edited = _edit_where_it_is(text, edits, meant, parse)
        if edited is not None:
            return edited
        edited = _edit_whole(text, edits)
        is_right = _is_meant(parse(edited), meant, edits)
    except (TOMLKitError, toml_text.TomlSyntaxError) as error:
        raise ConfigWriteError(f"Unable to edit the configuration: {error}", code="configValidationError") from None
    if not is_right:
        raise ConfigWriteError(
            "Unable to edit the configuration without changing other settings; edit the file by hand",
            code="configValidationError",
        )
    return edited


def _is_meant(found: Mapping[str, Any], meant: dict[str, Any], edits: Sequence[Edit]) -> bool:
    """Return whether a text says what it should after edits."""
    found = dict(found)
    for edit in edits:
        # A table that only stood in the header of what was deleted goes with it, or stays empty: both are right.
        found = _without_empty(found, edit.path[:-1])
        meant = _without_empty(meant, edit.path[:-1])
    return found == meant


def _edit_whole(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with the edits made by an editor that takes it apart. Raises `TOMLKitError`."""
    import tomlkit
    from tomlkit.items import InlineTable

    def table_within(parent: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # What stands between braces has no room for a header.
        return tomlkit.inline_table() if isinstance(parent, InlineTable) else tomlkit.table()

    document = tomlkit.parse(text)
    for edit in edits:
        _set(cast("Any", document), edit.path, edit.value, merge=edit.merge, new_table=table_within)
    return tomlkit.dumps(document)


class _Writing:
    """Writes parts as the editor of whole texts does. See `edit_in_place.Writing`."""

    def key(self, name: str) -> str:
        import tomlkit

        return tomlkit.key(name).as_string()

    def value(self, value: Any) -> str:
        import tomlkit

        return cast("str", cast("Any", tomlkit.item(_copy_without_null(value))).as_string())

    def sections(self, path: tuple[str, ...], tables: Sequence[Any]) -> str:
        import tomlkit

        value: Any = _copy_without_null(list(tables))
        for name in reversed(path):
            value = {name: value}
        return tomlkit.dumps(value)

    def with_key(self, section: str, path: tuple[str, ...], value: Any) -> str:
        return _edit_whole(section, [Edit(path=path, value=value, merge=False)])


def _edit_where_it_is(text: str, edits: Sequence[Edit], meant: dict[str, Any], parse: toml_text.Parse) -> str | None:
    """Return a text with the edits made in the sections where they belong; None when that is not all there is to it.

    An editor takes its time for each project that the user's file has collected.
    """
    from tomlkit.exceptions import TOMLKitError

    writing = _Writing()
    try:
        for edit in edits:
            if edit.value is None:
                edited = delete_in_place(text, edit.path, parse=parse)
                if edited is None:
                    return None
                text = edited
                continue
            leaves = leaves_of(edit.path, edit.value)
            if leaves is None:
                return None
            for path, value in leaves:
                put = replace_sections if is_array_of_tables(value) else edit_in_place
                edited = put(text, path, value, parse=parse, writing=writing)
                if edited is None:
                    return None
                text = edited
        return text if _is_meant(parse(text), meant, edits) else None
    except (TOMLKitError, toml_text.TomlSyntaxError):
        return None  # what looked like a section stands in a text of several lines


def edit_file(
    path: Path,
    edits: Sequence[Edit],
    *,
    accept: Callable[[dict[str, Any]], None] | None = None,
    parse: toml_text.Parse = toml_text.parse,
    later: ExitStack | None = None,
) -> None:
    """Make the edits in a file, which need not exist. `accept` sees the new table first and may raise, `later` gets
    what `replace_file` leaves to it.

    Readers see the old text or the new, never a part, and what others write meanwhile is kept. Raises
    `ConfigWriteError` or `OSError`.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path  # a link to the file stays a link
    with _alone_in(target.parent):
        for _ in range(_MOST_TRIES):
            if _edit_file(target, edits, path=path, accept=accept, parse=parse, later=later):
                return
    raise ConfigWriteError(
        f"{path} is being changed by another program; read it again and retry", code="configVersionConflict"
    )


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    """Have servers, and tasks of one, edit the files of a folder one after the other.

    Who keeps a lock for long is no editor: that must not keep the user's settings from being changed.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield  # it is not there yet, or what follows says what is wrong with it
        return
    try:
        with suppress(OSError):  # on file systems without locks
            lock_within(descriptor, seconds=_LOCK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _edit_file(
    target: Path,
    edits: Sequence[Edit],
    *,
    path: Path,
    accept: Callable[[dict[str, Any]], None] | None,
    parse: toml_text.Parse,
    later: ExitStack | None,
) -> bool:
    """Make the edits; False when the file is not any more what it was, for editors keep no lock."""
    seen = _state_of(target)
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
    content = (mark + edited).encode()
    if len(content) > MAX_FILE_BYTES:
        raise ConfigWriteError(
            f"{path} would be larger than {MAX_FILE_BYTES} bytes, and could not be read any more",
            code="configValidationError",
        )
    if _state_of(target) != seen:
        return False
    if mark + edited != text:
        # A new one is its owner's.
        replace_file(target, content, mode=0o600 if seen is None else seen[0], later=later)
    return True


def _state_of(path: Path) -> tuple[int, ...] | None:
    """Return who may read a file, and what tells it from one that was written since; None for no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_mode & 0o777, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _changed(table: Mapping[str, Any], path: tuple[str, ...], value: Any, *, merge: bool) -> dict[str, Any]:
    """Return a table with a value set or, with None, deleted."""
    name, rest = path[0], path[1:]
    current = table.get(name)
    inner = cast("dict[str, Any]", current) if isinstance(current, dict) else {}
    if value is None:
        if not rest:
            return {key: part for key, part in table.items() if key != name}
        return {**table, name: _changed(inner, rest, None, merge=merge)} if isinstance(current, dict) else dict(table)
    if rest:
        return {**table, name: _changed(inner, rest, value, merge=merge)}
    if not isinstance(value, dict):
        return {**table, name: _copy_without_null(value)}
    parts = cast("dict[str, Any]", value)
    if not merge:
        inner = {key: part for key, part in inner.items() if key in parts}
    for key, part in parts.items():
        inner = _changed(inner, (key,), part, merge=merge)
    return {**table, name: inner}


def _without_empty(table: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return a table without those on a path that have nothing in them, the innermost first."""
    if not path or not isinstance(inner := table.get(path[0]), dict):
        return table
    left = _without_empty(cast("dict[str, Any]", inner), path[1:])
    return {**table, path[0]: left} if left else {key: part for key, part in table.items() if key != path[0]}


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
