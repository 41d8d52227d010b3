"""Thread names: `session_index.jsonl`, one line for each time that a thread was named.

Owns the file's form, `{id, thread_name, updated_at}`, where the last line for an id counts. Called by the thread
manager (naming) and the listing (showing and searching). Synchronous: callers run it in a worker thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from codex_trio.state.rollout.lines import UNDECODABLE


class _Entry(msgspec.Struct):
    id: str
    thread_name: str
    updated_at: str = ""


_decoder = msgspec.json.Decoder(_Entry)


class ThreadNames:
    """The names under one CODEX_HOME; reread whenever the file has changed."""

    def __init__(self, codex_home: Path) -> None:
        self._path = codex_home / "session_index.jsonl"
        self._version: tuple[int, int] | None = None
        self._names: dict[str, str] = {}

    def all(self) -> Mapping[str, str]:
        """Every name by thread id; no names when the file cannot be read."""
        try:
            status = self._path.stat()
            version = (status.st_mtime_ns, status.st_size)
            if version != self._version:
                self._names = _read(self._path)
                self._version = version
        except OSError:
            self._names, self._version = {}, None
        return MappingProxyType(self._names)

    def get(self, thread_id: str) -> str | None:
        """The name of a thread."""
        return self.all().get(thread_id)

    def set(self, thread_id: str, name: str) -> None:
        """Name a thread. Raises OSError."""
        entry = _Entry(id=thread_id, thread_name=name, updated_at=_now())
        # The newline in front ends a line that a killed process left torn; readers skip blank lines.
        torn = b"" if _ends_in_newline(self._path) else b"\n"
        data = torn + msgspec.json.encode(entry) + b"\n"
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)


def _read(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    with path.open("rb") as file:
        for raw in file:
            try:
                entry = _decoder.decode(raw)
            except UNDECODABLE:
                continue
            names[entry.id] = entry.thread_name
    return names


def _ends_in_newline(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return True
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
    except OSError:
        return True


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}Z"
