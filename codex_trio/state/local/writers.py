"""Who writes to a thread: one process at a time, whichever server it is.

Owns the lock files, `thread-writer-locks/<thread id>.lock` of the home, which other servers use in the same way: locked
(flock) while a process has the thread loaded or moves its file, removed afterwards. A file is made, locked and removed
under `.coordination.lock`. The kernel frees the locks of a process that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import trio

from codex_trio.domain.ids import is_uuid
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.util.lock_holders import only_commands_hold
from codex_trio.util.private_folder import FILE_MODE, close_to_others, make_private_folder

_log = logging.getLogger(__name__)

FOLDER = "thread-writer-locks"
COORDINATION = ".coordination.lock"

COORDINATION_SECONDS = 20.0
"""How long to wait for others that make or remove a lock file: moments, but for a disk that is slow to answer them."""

_PATIENCE_WITH_COMMANDS = 0.5
"""After so many seconds it is asked who holds the lock: a sandboxed command may have no business with it."""

_PAUSE = 0.005


class ThreadWriters:
    """The threads that this process writes to. Within the process a thread may be taken any number of times."""

    def __init__(self, home: Path, *, coordination_seconds: float = COORDINATION_SECONDS) -> None:
        self._coordination_seconds = coordination_seconds
        self._folder = home / FOLDER
        self._locks: dict[str, int | None] = {}
        self._users: dict[str, int] = {}
        self._changing = trio.Lock()

    @contextlib.asynccontextmanager
    async def writing(self, thread_id: str) -> AsyncGenerator[None]:
        """While open, no other process writes to the thread. Raises ThreadStoreError when one does, or may do so."""
        key = thread_id.lower()
        if not is_uuid(key):
            raise ThreadStoreError("internal", f"{thread_id!r:.100} is no thread id")
        async with self._changing:
            if key not in self._locks:
                self._locks[key] = await trio.to_thread.run_sync(self._take, key)
            self._users[key] = self._users.get(key, 0) + 1
        try:
            yield
        finally:
            self._users[key] -= 1
            with trio.CancelScope(shield=True):
                async with self._changing:
                    if not self._users[key]:
                        del self._users[key]
                        await trio.to_thread.run_sync(self._free, key, self._locks.pop(key))

    def is_taken(self, thread_id: str) -> bool:
        """Return whether this process writes to the thread."""
        return thread_id.lower() in self._locks

    @contextlib.asynccontextmanager
    async def alone(self, thread_id: str) -> AsyncGenerator[None]:
        """While open, nobody writes to the thread, this process included, or takes it up: for moments only.

        Raises ThreadStoreError when somebody writes to it, or that cannot be told.
        """
        key = thread_id.lower()
        async with self._changing:
            if key in self._locks:
                raise ThreadStoreError("conflict", f"thread {key} already has an active writer")
            descriptor = await trio.to_thread.run_sync(self._take, key)
            if descriptor is None:
                raise ThreadStoreError("internal", f"thread {key} cannot be locked")
            try:
                yield
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(self._free, key, descriptor)

    def _take(self, key: str) -> int | None:
        """Lock a thread. None where locks cannot be made: what is to be written then fails by itself, or goes well."""
        try:
            with self._coordinated():
                descriptor = os.open(self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(descriptor)
                    raise
                return descriptor
        except BlockingIOError:
            raise ThreadStoreError("conflict", f"thread {key} already has an active writer") from None
        except TimeoutError as error:
            # Locks can be made here, so that somebody else may have this one.
            raise ThreadStoreError("internal", f"thread {key} cannot be locked: {error}") from error
        except OSError as error:
            _log.warning("thread %s is not locked against other processes: %s", key, error)
            return None

    def _free(self, key: str, descriptor: int | None) -> None:
        if descriptor is None:
            return
        try:
            with self._coordinated():
                self._path(key).unlink(missing_ok=True)
        except OSError as error:
            _log.warning("the lock file of thread %s stays: %s", key, error)
        finally:
            # Closing alone would not do while a process that is just being started still has a copy.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.lock"

    @contextlib.contextmanager
    def _coordinated(self) -> Generator[None]:
        """Keep other processes from removing a file that is just being locked. Raises OSError, TimeoutError."""
        make_private_folder(self._folder)
        descriptor = os.open(self._folder / COORDINATION, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        close_to_others(descriptor)
        try:
            started = time.monotonic()
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    waited = time.monotonic() - started
                    if waited > _PATIENCE_WITH_COMMANDS and only_commands_hold(descriptor):
                        break
                    if waited > self._coordination_seconds:
                        raise TimeoutError(f"another process keeps {self._folder / COORDINATION} locked") from error
                    time.sleep(_PAUSE)
            try:
                yield
            finally:
                # Closing alone would not do, as above.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)
