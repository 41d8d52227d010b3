"""The tables of texts that were read lately, so that no text is taken apart twice.

Owns: what is kept, and for how long. Does not own: reading TOML (`toml_text`) or files (`sources`). A change to a file
of the user's reads the same two texts several times: before, to check the outcome, and once it is written.
"""

from collections.abc import Callable
from typing import Any

from codex_trio.config.toml_text import parse

_KEPT = 32
"""As many as the layers of a few folders have files."""

_MAX_CHARACTERS = 1 << 18
"""Longer texts are read anew: hardly anybody has one, and they would stay in memory."""


class ParsedTexts:
    """Reads texts as `read` does; a table that comes back is not to be changed. Usable in any thread."""

    def __init__(self, *, read: Callable[[str], dict[str, Any]] = parse) -> None:
        self._read = read
        self._tables: dict[str, dict[str, Any]] = {}

    def parse(self, text: str) -> dict[str, Any]:
        """Return the text's table. Raises `TomlSyntaxError`."""
        table = self._tables.pop(text, None)
        if table is None:
            table = self._read(text)
        if len(text) <= _MAX_CHARACTERS:
            self._tables[text] = table  # now the latest
            for oldest in list(self._tables)[:-_KEPT]:
                self._tables.pop(oldest, None)
        return table
