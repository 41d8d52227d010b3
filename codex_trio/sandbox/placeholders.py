"""Empty folders that stand in for protected paths that do not exist while a sandboxed command runs.

Owns: their creation, sharing between commands (of other servers too) and removal.
Does not own: which paths need one (`view`), nor how they are made read-only (the mounts of the sandbox). No trio here.

A mount needs something to be mounted on: to keep a command from creating `.git` in a folder that has none, an empty
`.git` has to be there. It is marked by its mode, so that a leftover of a crash is recognised and swept by the next
user. Every user holds a shared lock; the one who can turn it into an exclusive lock is the last and removes it, because
removing a mount point on the host would lift the protection inside a command that is still running.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterable

from codex_trio.config.project import PLACEHOLDER_MODE, is_placeholder

_PAUSE = 0.0001
_CANNOT_CREATE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR)


class Placeholders:
    """The placeholders that one command relies on; call `release` when it has ended."""

    def __init__(self, held: dict[str, int]) -> None:
        self._held = held

    def add(self, path: str) -> None:
        """Hold one more path; see `acquire`."""
        handle = _hold(path)
        if handle is not None:
            self._held[path] = handle

    def release(self) -> list[str]:
        """Remove the folders that are still empty; returns those that had to stay because somebody else uses them.

        May be called again.
        """
        stayed: list[str] = []
        while self._held:
            path, handle = self._held.popitem()
            if not _sweep(path, handle):
                stayed.append(path)
        return stayed


def acquire(paths: Iterable[str]) -> Placeholders:
    """Make sure that the folders exist. One that may not be made is left out: the command could not make it either.

    Raises `OSError` for passing troubles (no space, no descriptors): the path would be left unprotected.
    """
    held = Placeholders({})
    try:
        for path in paths:
            held.add(path)
    except BaseException:
        held.release()
        raise
    return held


def is_placeholder_at(path: str) -> bool:
    """Return whether a placeholder is at `path`, which may vanish with its last user."""
    try:
        return is_placeholder(os.lstat(path))
    except OSError:
        return False


def sweep(path: str) -> bool:
    """Remove a placeholder left by a process that died; False when somebody uses it, so that it had to stay."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True
    return _sweep(path, handle)


def _hold(path: str) -> int | None:
    # A few rounds: between our mkdir and our lock another server may have removed the folder as its last user.
    for _ in range(10):
        try:
            os.mkdir(path)
            os.chmod(path, PLACEHOLDER_MODE)  # mkdir would apply the umask
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno in _CANNOT_CREATE:
                return None
            raise
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        except (NotADirectoryError, PermissionError):
            return None  # Somebody put something else there meanwhile; it is protected as it is.
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.lstat(path)):
                return handle
        except BlockingIOError:
            # Mostly somebody who is just removing it. Anybody can lock a folder, and waiting would keep the server
            # from all else; one that stays locked is not removed by others either.
            time.sleep(_PAUSE)
        except OSError:
            pass
        os.close(handle)
    return None


def _sweep(path: str, handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return False
    try:
        status = os.lstat(path)
        if is_placeholder(status) and os.path.samestat(status, os.fstat(handle)):
            os.rmdir(path)
    except OSError:
        pass  # Not empty any more, or gone.
    finally:
        os.close(handle)
    return True
