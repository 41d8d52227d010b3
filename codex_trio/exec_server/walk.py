"""Going through a folder and those below it, one level after another. Blocking.

Owns the order, and what is left out: links, but for those to folders where these are followed, and what is neither a
file nor a folder. A folder that several links lead to is gone through once.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable

from codex_trio.environments.exec_protocol import WalkEntry, WalkError, WalkOptions, WalkResult, path_to_wire

MOST = (64, 10_000, 50_000)
"""Depth, folders and entries that may be asked for at most."""


def walk(path: str, options: WalkOptions, *, shows: Callable[[str], bool] = lambda _: True) -> WalkResult:
    """Return the entries below a path that it `shows`, each level sorted by name.

    Raises OSError where nothing is there.
    """
    result = WalkResult(entries=[], errors=[], truncated=False)
    found = os.stat(path) if options.follow_directory_symlinks else os.lstat(path)
    if stat.S_ISDIR(found.st_mode):
        _Walk(options, result, shows).run(path, found)
    return result


class _Walk:
    def __init__(self, options: WalkOptions, result: WalkResult, shows: Callable[[str], bool]) -> None:
        self._shows = shows
        self._options = options
        self._result = result
        self._waiting: deque[tuple[str, int]] = deque()
        self._seen: set[tuple[int, int]] = set()

    def run(self, path: str, found: os.stat_result) -> None:
        self._go_into(path, found, 0)
        while self._waiting:
            folder, depth = self._waiting.popleft()
            if not self._list(folder, depth):
                self._result.truncated = True
                return

    def _list(self, folder: str, depth: int) -> bool:
        """Take what is in a folder; returns whether there was room for all of it."""
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError as error:
            self._note_error(folder, error)
            return True
        for name in names:
            kind = self._kind(os.path.join(folder, name))
            if kind is None or not self._shows(os.path.join(folder, name)):
                continue
            if len(self._result.entries) >= self._options.max_entries:
                return False
            self._take(os.path.join(folder, name), kind, depth)
        return True

    def _kind(self, path: str) -> os.stat_result | None:
        """Return what is at a path; None for what is left out."""
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                if not self._options.follow_directory_symlinks:
                    return None
                found = os.stat(path)
                return found if stat.S_ISDIR(found.st_mode) else None
        except FileNotFoundError:
            return None
        except OSError as error:
            self._note_error(path, error)
            return None
        return found if stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode) else None

    def _take(self, path: str, found: os.stat_result, depth: int) -> None:
        is_folder = stat.S_ISDIR(found.st_mode)
        self._result.entries.append(WalkEntry(path=_written(path), kind="directory" if is_folder else "file"))
        is_pruned = self._options.prune_hidden_directories and os.path.basename(path).startswith(".")
        if is_folder and not is_pruned and depth < self._options.max_depth:
            self._go_into(path, found, depth + 1)

    def _go_into(self, path: str, found: os.stat_result, depth: int) -> None:
        identity = (found.st_dev, found.st_ino)
        if identity in self._seen:
            return
        if len(self._seen) >= self._options.max_directories:
            self._result.truncated = True
            return
        self._seen.add(identity)
        self._waiting.append((path, depth))

    def _note_error(self, path: str, error: OSError) -> None:
        text = f"{error.strerror or error} (os error {error.errno})"
        self._result.errors.append(WalkError(path=_written(path), message=text))


def _written(path: str) -> str:
    return path_to_wire(path, as_uri=True)
