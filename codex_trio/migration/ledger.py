"""Which conversations were taken over, and into which threads: `external_agent_session_imports.json`.

The established server keeps and reads the same file: what it writes there and this one does not know stays.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.migration.values import MigrationProblem
from codex_trio.util.loose_json import table_of, tables_of
from codex_trio.util.regular_file import read_whole
from codex_trio.util.replacing import replace_file
from codex_trio.util.timed_lock import lock_within

NAME = "external_agent_session_imports.json"
_MAX_BYTES = 64 << 20
_LOCK_SECONDS = 10.0


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that was taken over: as its file was then, and the thread."""

    source_path: str
    content_sha256: str
    imported_thread_id: str
    imported_at: int
    source_modified_at: int | None = None
    title: str | None = None


class SessionLedger:
    """The file, in a folder; None for threads that are kept nowhere, nor is this."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / NAME
        self._kept: dict[str, Any] = {}

    def read(self) -> dict[str, Taken]:
        """Return what was taken over, by the path of its file. Raises MigrationProblem."""
        found: dict[str, Taken] = {}
        for record in tables_of(self._document().get("records")):
            path, thread = record.get("source_path"), record.get("imported_thread_id")
            digest, modified = record.get("content_sha256"), record.get("source_modified_at")
            if isinstance(path, str) and isinstance(thread, str):
                found[path] = Taken(
                    source_path=path,
                    content_sha256=digest if isinstance(digest, str) else "",
                    imported_thread_id=thread,
                    imported_at=0,
                    source_modified_at=modified if isinstance(modified, int) else None,
                )
        return found

    def note(self, taken: Taken) -> None:
        """Note a conversation, in place of what was said of it before. Raises MigrationProblem, OSError."""
        document = dict(self._document())
        others = [one for one in tables_of(document.get("records")) if one.get("source_path") != taken.source_path]
        document["records"] = [*others, msgspec.to_builtins(taken) | {"connector_names": []}]
        document.setdefault("detected_connector_records", [])
        if self._path is None:
            self._kept = document
        else:
            replace_file(self._path, msgspec.json.format(msgspec.json.encode(document), indent=2), is_lasting=True)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other servers of this home from taking conversations over meanwhile. Blocks; raises MigrationProblem."""
        if self._path is None:
            yield
            return
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not lock_within(descriptor, seconds=_LOCK_SECONDS):
                raise MigrationProblem("another server of this home is importing conversations; try again later")
            yield
        finally:
            os.close(descriptor)

    def _document(self) -> dict[str, Any]:
        if self._path is None:
            return self._kept
        try:
            document: Any = msgspec.json.decode(read_whole(self._path, limit=_MAX_BYTES))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise MigrationProblem(f"{self._path} cannot be read: {error.strerror}", source=self._path) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = f"{self._path} is not JSON ({error}); mend it, or move it away to import everything anew"
            raise MigrationProblem(reason, source=self._path) from None
        return table_of(document)
