"""Thread names: `session_index.jsonl`, one line for each time that a thread was named.

Owns the file's form, `{id, thread_name, updated_at}`, where the last line for an id counts. Synchronous: callers run it
in a worker thread.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.util import decoding
from codex_trio.util.private_folder import FILE_MODE, close_to_others
from codex_trio.util.regular_file import check_regular


class _Entry(msgspec.Struct):
    id: str
    thread_name: str
    updated_at: str = ""


_decoder = decoding.json_decoder(_Entry)


class ThreadNames:
    """The names under one CODEX_HOME; what was added to the file is read before each answer."""

    def __init__(self, codex_home: Path) -> None:
        self._path = codex_home / "session_index.jsonl"
        # Several worker threads may ask at a time.
        self._lock = threading.Lock()
        self._inode = 0
        self._version = (0, 0)
        self._offset = 0
        self._names: dict[str, str] = {}

    def all(self) -> Mapping[str, str]:
        """Return every name by thread id, in lower case; no names when the file cannot be read."""
        with self._lock:
            try:
                self._catch_up()
            except OSError:
                self._forget(inode=0)
            return MappingProxyType(self._names)

    def get(self, thread_id: str) -> str | None:
        """Return the name of a thread."""
        return self.all().get(thread_id.lower())

    def containing(self, text: str) -> list[str]:
        """Return the threads whose names have this text in them, with case."""
        return [thread_id for thread_id, name in self.all().items() if text in name]

    def remove(self, thread_ids: Collection[str]) -> None:
        """Forget the names of threads that are deleted, those they had before included. Raises OSError."""
        if not any(thread_id in self.all() for thread_id in thread_ids):
            return
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        made = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        with open(made, "wb") as rest, self._path.open("rb") as file:
            for raw in file:
                named: dict[str, str] = {}
                _note(named, raw)
                if not any(thread_id in named for thread_id in thread_ids):
                    rest.write(raw)
        aside.replace(self._path)

    def _catch_up(self) -> None:
        status = self._path.stat()
        check_regular(status, self._path)
        version = (status.st_mtime_ns, status.st_size)
        if status.st_ino == self._inode and version == self._version:
            return
        if status.st_ino != self._inode or status.st_size < self._offset or version[1] == self._version[1]:
            # Not the file that was read, or changed in place.
            self._forget(inode=status.st_ino)
        names = dict(self._names)
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    _note(names, raw)  # Perhaps half a line: it is read again.
                    break
                self._offset += len(raw)
                _note(names, raw)
        self._names, self._version = names, version

    def _forget(self, *, inode: int) -> None:
        self._inode, self._version, self._offset, self._names = inode, (0, 0), 0, {}

    def set(self, thread_id: str, name: str) -> None:
        """Name a thread. Raises OSError."""
        entry = _Entry(id=thread_id, thread_name=name, updated_at=_now())
        with contextlib.suppress(FileNotFoundError):
            check_regular(self._path.stat(), self._path)
        # The newline in front ends a line that a killed process left torn; readers skip blank lines.
        torn = b"" if _ends_in_newline(self._path) else b"\n"
        data = torn + msgspec.json.encode(entry) + b"\n"
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        close_to_others(fd)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)


def _note(names: dict[str, str], raw: bytes) -> None:
    try:
        entry = _decoder.decode(raw)
    except UNDECODABLE:
        return
    names[entry.id.lower()] = entry.thread_name


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
