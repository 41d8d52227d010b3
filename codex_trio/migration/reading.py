"""Reading what another program left, within bounds: nothing waits, and no link of a project leads out of it.

Owns the bounds and the words for what cannot be read. Does not own what is made of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config import toml_text
from codex_trio.migration.values import INVALID_TARGET, MigrationPlace, MigrationProblem
from codex_trio.util.loose_json import table_of
from codex_trio.util.regular_file import read_whole

MAX_TEXT = 1 << 20
MAX_SETTINGS = 4 << 20
MAX_STATE = 64 << 20
"""`~/.claude.json` has much else in it, and grows for years."""

MAX_ENTRIES = 2_000
"""More files or folders beside each other are a mistake."""


def read_bytes(place: MigrationPlace, path: Path, *, limit: int) -> bytes | None:
    """Return what a file holds, None where there is none. Raises MigrationProblem."""
    try:
        real = Path(os.path.realpath(path))
        if place.cwd is not None and not real.is_relative_to(os.path.realpath(place.root)):
            # A project is somebody else's: what it links to would be copied into it.
            raise MigrationProblem(f"{path} is a link that leads out of {place.root}", source=path)
        return read_whole(real, limit=limit, follow_links=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MigrationProblem(f"{path} cannot be read: {error.strerror}", source=path) from None


def read_text(place: MigrationPlace, path: Path, *, limit: int = MAX_TEXT) -> str | None:
    """Return a file's text, None where there is none. Raises MigrationProblem."""
    content = read_bytes(place, path, limit=limit)
    if content is None:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MigrationProblem(f"{path} is not UTF-8 text (byte {error.start})", source=path) from None
    if "\0" in text:
        raise MigrationProblem(f"{path} is not a text: it has zero bytes in it", source=path)
    return text


def read_object(place: MigrationPlace, path: Path, *, limit: int = MAX_SETTINGS) -> dict[str, Any] | None:
    """Return the JSON object that a file holds, None where there is no file. Raises MigrationProblem."""
    text = read_text(place, path, limit=limit)
    if text is None:
        return None
    try:
        document: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise MigrationProblem(f"{path} is not JSON: {reason}", source=path) from None
    if not isinstance(document, dict):
        raise MigrationProblem(f"{path} must hold a JSON object", source=path)
    return table_of(document)


def read_target_table(path: Path) -> dict[str, Any]:
    """Return the configuration that is to be changed. Raises MigrationProblem."""
    try:
        return toml_text.parse(read_whole(path, limit=MAX_SETTINGS).decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = error.strerror
    except (UnicodeDecodeError, toml_text.TomlSyntaxError) as error:
        reason = str(error)
    raise MigrationProblem(
        f"invalid existing config.toml: {path}: {reason}", source=path, error_type=INVALID_TARGET
    ) from None


def entries_of(place: MigrationPlace, folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder by name, without hidden ones; nothing where there is none. Raises MigrationProblem."""
    if place.cwd is not None and not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(place.root)):
        raise MigrationProblem(f"{folder} is a link that leads out of {place.root}", source=folder)
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) >= MAX_ENTRIES:
                    raise MigrationProblem(f"{folder} has more than {MAX_ENTRIES} entries", source=folder)
                if not entry.name.startswith("."):
                    found.append(entry)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise MigrationProblem(f"{folder} cannot be read: {error.strerror}", source=folder) from None
    return sorted(found, key=lambda entry: entry.name)


def markdown_files(place: MigrationPlace, folder: Path, *, depth: int) -> Iterator[Path]:
    """Yield the Markdown files below a folder, so many levels of it. Raises MigrationProblem."""
    for entry in entries_of(place, folder):
        if entry.is_dir(follow_symlinks=False):
            if depth > 1:
                yield from markdown_files(place, Path(entry.path), depth=depth - 1)
        elif entry.name.endswith(".md"):
            yield Path(entry.path)
