"""What was read lately from texts, so that no text is taken apart twice.

Owns: what is kept, and for how long. Does not own: reading TOML (`toml_text`) or files (`sources`). A change to a file
of the user's reads the same two texts several times: before, to check the outcome, and once it is written. Of a long
text the sections are kept: a change touches one of them, and tables of the others are the same objects as before.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from codex_trio.config.toml_text import TomlSyntaxError, parse

if TYPE_CHECKING:
    from codex_trio.config.toml_sections import TomlSection

T = TypeVar("T")

_LONG = 4096
"""Characters from which on a text is worth being taken apart by sections."""

_KEPT = 32
"""As many as the layers of a few folders have files."""

_KEPT_SECTIONS = 4096
"""As many as a user with very many projects has."""

_KEPT_RESULTS = 128
"""As many as the layers of a dozen folders."""

_MAX_CHARACTERS = 1 << 18
"""Longer texts are read anew: hardly anybody has one, and they would stay in memory."""


class ParsedTexts:
    """Reads texts as `read` does; a table that comes back is not to be changed. Usable in any thread."""

    def __init__(self, *, read: Callable[[str], dict[str, Any]] = parse) -> None:
        self._read = read
        self._tables: dict[str, dict[str, Any]] = {}
        self._sections: dict[str, TomlSection | None] = {}
        self._results: dict[Hashable, tuple[str, object]] = {}

    def parse(self, text: str) -> dict[str, Any]:
        """Return the text's table. Raises `TomlSyntaxError`."""
        if len(text) > _MAX_CHARACTERS:
            return self._read(text)
        table = self._tables.pop(text, None)
        if table is None and len(text) >= _LONG:
            table = self._by_sections(text)
        if table is None:
            table = self._read(text)
        _keep(self._tables, text, table, _KEPT)
        return table

    def made_of(self, key: Hashable, text: str, make: Callable[[], T]) -> T:
        """Return what `make` returned when it was last called for that key with that text, else what it returns now."""
        found = self._results.pop(key, None)
        if found is None or found[0] != text:
            found = text, make()
        if len(text) <= _MAX_CHARACTERS:
            _keep(self._results, key, found, _KEPT_RESULTS)
        return cast("T", found[1])

    def _by_sections(self, text: str) -> dict[str, Any] | None:
        # Few files are so long.
        from codex_trio.config.toml_sections import first_section, parse_by_sections

        _, end = first_section(text)
        # Most changes are above all sections: these stay as they are, all together.
        whole = self._in_two(text[:end], text[end:]) if 0 < end < len(text) else None
        return parse_by_sections(text, self._section) if whole is None else whole

    def _in_two(self, head: str, sections: str) -> dict[str, Any] | None:
        """Return the table of a text from those of what stands before the first header, and of the rest.

        None where the two do not tell.
        """
        try:
            above, below = self._read(head), self.parse(sections)
        except TomlSyntaxError:
            return None  # what is wrong, and where, only the whole text tells
        return {**above, **below} if above.keys().isdisjoint(below) else None

    def _section(self, text: str) -> TomlSection | None:
        from codex_trio.config.toml_sections import read_section

        if text in self._sections:
            return self._sections[text]
        section = read_section(text, self._read)
        if len(self._sections) >= _KEPT_SECTIONS:
            self._sections.clear()
        self._sections[text] = section
        return section


def _keep(kept: dict[Any, Any], key: Hashable, value: object, most: int) -> None:
    """Keep one more thing, the latest, and no more than so many."""
    kept[key] = value
    if len(kept) > most:
        # A copy, made in one go: another thread may be keeping something too.
        for oldest in list(kept)[: len(kept) - most]:
            kept.pop(oldest, None)
