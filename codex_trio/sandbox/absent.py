"""Protected paths at which nothing may stand, not even a placeholder, while a sandboxed command runs.

In a folder below the root of a repository an empty `.git` would hide that root from every program, so nothing keeps a
command from making one there. What appears is set aside under another name at once, where nobody obeys it.

Owns the watch over such paths and the setting aside. Does not own which paths those are (`view`), nor the waiting for
news (`execution`). No trio here.
"""

import ctypes
import logging
import os
from collections.abc import Iterable

_log = logging.getLogger(__name__)

_IN_CREATE, _IN_MOVED_TO = 0x100, 0x80
_NON_BLOCKING, _CLOSE_ON_EXEC = os.O_NONBLOCK, os.O_CLOEXEC
_SUFFIX = ".set-aside-"
_MOST_NAMES = 1000


class AbsentPaths:
    """The paths that one command must leave absent. Close it when the command has ended."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [path for path in paths if not os.path.lexists(path)]
        self.handle = _watch({os.path.dirname(path) for path in self._paths}) if self._paths else None
        """Becomes readable when something new stands in one of the folders; None when nobody can tell."""

    def enforce(self) -> None:
        """Set aside what stands at the paths now."""
        if self.handle is not None:
            _drain(self.handle)
        for path in self._paths:
            if os.path.lexists(path):
                _set_aside(path)

    def close(self) -> None:
        """Look a last time. May be called again."""
        self.enforce()
        self._paths = []
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


def _set_aside(path: str) -> None:
    for number in range(1, _MOST_NAMES):
        aside = f"{path}{_SUFFIX}{number}"
        if os.path.lexists(aside):
            continue
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("%s appeared while a sandboxed command ran, and cannot be moved away: %s", path, error)
            return
        _log.warning(
            "%s appeared while a sandboxed command ran, and was moved to %s so that it has no effect", path, aside
        )
        return


def _watch(folders: Iterable[str]) -> int | None:
    libc = ctypes.CDLL(None, use_errno=True)
    handle: int = libc.inotify_init1(_NON_BLOCKING | _CLOSE_ON_EXEC)
    if handle < 0:
        return None  # Too many watches in all: the last look is left.
    for folder in folders:
        libc.inotify_add_watch(handle, os.fsencode(folder), ctypes.c_uint32(_IN_CREATE | _IN_MOVED_TO))
    return handle


def _drain(handle: int) -> None:
    try:
        while os.read(handle, 65536):
            pass
    except OSError:
        pass  # Nothing left.
