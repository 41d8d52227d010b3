"""What is piped into `codex-trio exec`, beside a prompt or instead of one.

Owns how long standard input is waited for. Programs that start others often leave it open and never write: with a
prompt at hand nothing needs to come. What another program of the same pipeline is about to write is waited for.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from typing import BinaryIO

_PATIENCE_SECONDS = 3.0
"""How long whoever started us may take to write."""

_READ_SIZE = 1 << 16

Note = Callable[[str], None]


class PipedInput:
    """A standard input that is no terminal."""

    def __init__(self, file: BinaryIO, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._file = file
        self._patience = patience

    def read(self) -> bytes:
        """Return all of it, however long it takes."""
        return self._file.read()

    def read_if_any(self, note: Note) -> bytes:
        """Return all of it; nothing when it stays silent though nobody else in the pipeline is there to write."""
        descriptor = self._descriptor()
        if descriptor is None:
            return self.read()
        told = False
        while not _is_ready(descriptor, self._patience):
            if not _has_producer(descriptor):
                note("Nothing comes from stdin, though it is open: going on without it.")
                return b""
            if not told:
                note("Still waiting for what is piped into stdin...")
                told = True
        return self._read_to_end(descriptor, note)

    def _read_to_end(self, descriptor: int, note: Note) -> bytes:
        """Half of a text is worse than waiting, but whoever wonders is told."""
        pieces: list[bytes] = []
        told = False
        while True:
            if not told and not _is_ready(descriptor, self._patience):
                note("Waiting for the end of stdin...")
                told = True
            piece = os.read(descriptor, _READ_SIZE)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def _descriptor(self) -> int | None:
        try:
            return self._file.fileno()
        except OSError:
            return None


def _is_ready(descriptor: int, seconds: float) -> bool:
    """Return whether something can be read, the end included. Regular files and devices always say yes."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _has_producer(descriptor: int) -> bool:
    """Return whether a program of our session that did not start us has the other end as its output, as pipelines do.

    One whose descriptors we may not see (`sudo dmesg | ...`) counts as such.
    """
    pipe = os.readlink(f"/proc/self/fd/{descriptor}")
    if not pipe.startswith("pipe:"):
        return False
    own = {os.getpid(), *_ancestors(os.getpid())}
    session = os.getsid(0)
    return any(pid not in own and _session_of(pid) == session and _may_write_to(pid, pipe) for pid in _all_processes())


def _may_write_to(pid: int, pipe: str) -> bool:
    for descriptor in (1, 2):
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") == pipe:
                return True
        except PermissionError:
            return True
        except OSError:
            continue
    return False


def _all_processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        fields = _stat(pid)
        if fields is None:
            return
        pid = int(fields[1])
        yield pid


def _session_of(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[3])


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat behind the name: state, parent, process group, session, and so on."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None
