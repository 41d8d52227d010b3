"""What came of imports of the past: `external_agent_imports.json`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from codex_trio.migration.values import MigrationProblem, PastImport
from codex_trio.util.decoding import json_decoder
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file

NAME = "external_agent_imports.json"
MOST_IMPORTS = 100
MOST_OUTCOMES = 10_000
_MAX_BYTES = 64 << 20


class _Document(msgspec.Struct, frozen=True):
    imports: list[PastImport] = []


class PastImports:
    """The file, in a folder; None keeps them in memory. Blocking."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME
        self._kept: list[PastImport] = []

    def read(self) -> list[PastImport]:
        """Return all, the latest first. Raises MigrationProblem."""
        if self._path is None:
            return list(self._kept)
        try:
            return json_decoder(_Document).decode(read_whole(self._path, limit=_MAX_BYTES)).imports
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = error.strerror
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = str(error)
        raise MigrationProblem(f"{self._path} cannot be read: {reason}; mend it, or move it away")

    def add(self, past: PastImport) -> None:
        """Note an import; the oldest are forgotten. Raises MigrationProblem, OSError."""
        imports = [past, *self.read()][:MOST_IMPORTS]
        if self._path is None:
            self._kept = imports
        else:
            replace_file(self._path, msgspec.json.encode(_Document(imports)))
