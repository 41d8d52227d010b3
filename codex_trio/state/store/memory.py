"""Threads kept in memory: for a server that is to leave nothing behind.

Owns the folder that rollout files are in then: on a file system in memory where there is one, for this process's user
alone, and removed at the end. Everything else is as for threads on disk, so that a thread in memory lacks nothing while
its server lives. Called by `app.py`, for `experimental_thread_store = { type = "in_memory", ... }`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

_IN_MEMORY = Path("/dev/shm")
_PREFIX = "codex-trio-threads-"
_LOCK = ".lock"


@asynccontextmanager
async def memory_home() -> AsyncGenerator[Path]:
    """A folder to keep threads in that ends with this process. Raises OSError.

    One that a killed process left is removed when the next is made.
    """
    folder, lock = await trio.to_thread.run_sync(_make)
    try:
        yield folder
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_remove, folder)
        os.close(lock)


def _make() -> tuple[Path, int]:
    base = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    for left in base.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    return folder, _locked(folder)


def _locked(folder: Path) -> int:
    """A descriptor that says, while it is open, that the folder is in use. Raises BlockingIOError when it is."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _remove_if_left(folder: Path) -> None:
    with contextlib.suppress(OSError):
        # One that is being made has no lock file yet.
        if folder.stat().st_uid == os.getuid() and (folder / _LOCK).exists():
            lock = _locked(folder)
            _remove(folder)
            os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
