"""Who looks after an index: one process for all that share the database, the one that holds a lock.

Owns the lock file beside the database. The kernel frees the lock of a process that dies, so that the next one goes on
at once. Nothing is written wrongly when two work, only twice: where locks cannot be had everybody does. Blocking.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from pathlib import Path

from codex_trio.util.lock_holders import only_commands_hold
from codex_trio.util.private_folder import FILE_MODE

_log = logging.getLogger(__name__)


class IndexLock:
    """The lock of one database; without a path, that of a database which no other process has.

    `only_commands_hold` tells whether a descriptor's lock is held by sandboxed commands alone.
    """

    def __init__(
        self, database: Path | None, *, only_commands_hold: Callable[[int], bool] = only_commands_hold
    ) -> None:
        self._only_commands_hold = only_commands_hold
        self._path = None if database is None else database.with_name(f".{database.name}.index.lock")
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Hold the lock from now on; False while another process holds it."""
        if self._path is None or self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            _log.debug("the index is looked after without a lock: %s", error)
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A sandboxed command may have locked it, and has no business with it.
            is_free = self._only_commands_hold(descriptor)
            os.close(descriptor)
            return is_free
        except OSError as error:
            os.close(descriptor)
            _log.debug("the index is looked after without a lock: %s", error)
            return True
        self._descriptor = descriptor
        return True

    def give_back(self) -> None:
        """Hold it no more, if it was held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            # Closing alone would not do while a process that is just being started still has a copy.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)
