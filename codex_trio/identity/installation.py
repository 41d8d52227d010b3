"""The installation id: one UUID that marks this CODEX_HOME, in model requests and remote control.

Owns the file `installation_id`. Called once, by app.py. Synchronous.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from pathlib import Path

from codex_trio.util.regular_file import check_regular

FILE_NAME = "installation_id"

_MODE = 0o644
_LOCK_SECONDS = 2.0
_LOCK_PAUSE = 0.005


def read_or_create(codex_home: Path, *, lock_seconds: float = _LOCK_SECONDS) -> str:
    """Return the installation id, lower case; made on first use, and anew when the file holds no UUID.

    A file that holds one is left as it is, but for its permissions, and may be another user's. Raises OSError when it
    cannot be opened.
    """
    codex_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = codex_home / FILE_NAME
    try:
        fd = _open(path)
    except OSError:
        known = _parse_file(path)
        if known is None:
            raise
        return known
    try:
        check_regular(os.fstat(fd), path)
        with contextlib.suppress(PermissionError):
            if os.fstat(fd).st_mode & 0o777 != _MODE:
                os.fchmod(fd, _MODE)
        # A file that holds an id stays as it is, so that only whoever makes one needs the lock.
        known = _parse(os.pread(fd, 4096, 0))
        if known is None:
            _lock(fd, lock_seconds)
            known = _parse(os.pread(fd, 4096, 0))
        if known is not None:
            return known
        made = str(uuid.uuid4())
        os.ftruncate(fd, 0)
        os.pwrite(fd, made.encode(), 0)
        return made
    finally:
        os.close(fd)


def _lock(fd: int, seconds: float) -> None:
    """Wait for another server that makes an id, as two that start at once must agree; not for who locks it for long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOCK_PAUSE)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        return os.open(path, flags, _MODE)
    except PermissionError:
        # Our own file with permissions taken away: give them back and try once more.
        os.chmod(path, _MODE)
        return os.open(path, flags, _MODE)


def _parse_file(path: Path) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _parse(os.pread(fd, 4096, 0))
    except OSError:
        return None
    finally:
        os.close(fd)


def _parse(content: bytes) -> str | None:
    try:
        return str(uuid.UUID(content.decode().strip()))
    except ValueError:
        return None
