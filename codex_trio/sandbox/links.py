"""What a path leads through: every symbolic link on the way, and where it ends.

Owns that walk, which no single system call gives: whoever protects a path must protect each link that it depends on.
Reads the file system, changes nothing, and never raises for what it finds.
"""

import os
import stat
from collections import deque

import msgspec

_MOST_LINKS = 40
"""As in the kernel: beyond that a path leads nowhere."""

_MOST_FOLDERS = 100
"""Deeper paths are not remembered."""


class Trace(msgspec.Struct, frozen=True):
    """The way of an absolute path."""

    links: tuple[str, ...]
    """The links on it, each under a path that is itself free of links, in the order in which they are followed."""
    end: str
    """Where it leads, free of links; the part of it that does not exist is as it was written."""

    @property
    def is_loop(self) -> bool:
        """Whether it leads nowhere, because links lead in a circle or there are too many of them."""
        return self.end in self.links


def trace(path: str) -> Trace:
    """Follow `path`, which is absolute, to its end; a loop ends at the link where it was noticed."""
    links: list[str] = []
    followed = 0
    here = "/"
    parts = deque(_parts(path))
    while parts:
        part = parts.popleft()
        if part == "..":
            here = os.path.dirname(here)
            continue
        there = os.path.join(here, part)
        target = _target(there)
        if target is None:
            here = there
            continue
        if there not in links:
            links.append(there)
        followed += 1
        if followed > _MOST_LINKS:
            return Trace(tuple(links), there)
        parts.extendleft(reversed(_parts(target)))
        here = "/" if target.startswith("/") else here
    return Trace(tuple(links), here)


class PathTracer:
    """Follows many paths at one moment: what is on the way of several of them is looked at once."""

    def __init__(self) -> None:
        self._is_plain: dict[str, bool] = {"/": True}

    def trace(self, path: str) -> Trace:
        """Follow `path` as the function does."""
        is_plain = path.count("/") < _MOST_FOLDERS and self._has_no_links(path)
        return Trace((), path) if is_plain else trace(path)

    def _has_no_links(self, path: str) -> bool:
        known = self._is_plain.get(path)
        if known is None:
            folder, _, name = path.rpartition("/")
            is_name = name not in ("", ".", "..")
            known = is_name and self._has_no_links(folder or "/") and _target(path) is None
            self._is_plain[path] = known
        return known


def first_missing(path: str) -> str | None:
    """Return the outermost folder of `path`, or `path` itself, that does not exist; None when all is there."""
    missing = None
    while not os.path.lexists(path):
        missing = path
        path = os.path.dirname(path)
    return missing


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _target(path: str) -> str | None:
    try:
        return os.readlink(path) if stat.S_ISLNK(os.lstat(path).st_mode) else None
    except OSError:
        return None
