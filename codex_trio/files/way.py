"""Where a path leads just now, and by which folders: what has to be watched to learn when it leads elsewhere.

Blocking, and raises nothing: what cannot be looked at is not there.
"""

from __future__ import annotations

import os
import stat

import msgspec

_MOST_LINKS = 40


class Way(msgspec.Struct, frozen=True):
    """The folders and names that a path leads through, links followed.

    `there` tells what is at its end from whatever else may come there; None when there is nothing.
    """

    steps: tuple[tuple[str, str], ...]
    there: tuple[int, int, int] | None
    folder: str | None
    """The end itself where it is a folder, without links."""

    reaches_end: bool
    """Whether the last step is the end itself, there or not, rather than a folder that is missing on the way to it."""


def find_way(path: str) -> Way:
    """Return how an absolute path leads where it leads."""
    steps: list[tuple[str, str]] = []
    here, links = "/", 0
    rest = [name for name in reversed(path.split("/")) if name not in ("", ".")]
    try:
        found = os.lstat(here)
        while rest:
            name = rest.pop()
            if name == "..":
                here = os.path.dirname(here)
                found = os.lstat(here)
                continue
            steps.append((here, name))
            found = os.lstat(os.path.join(here, name))
            if stat.S_ISLNK(found.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    return Way(tuple(steps), None, None, reaches_end=False)
                target = os.readlink(os.path.join(here, name))
                rest.extend(name for name in reversed(target.split("/")) if name not in ("", "."))
                if target.startswith("/"):
                    here = "/"
                found = os.lstat(here)
            else:
                here = os.path.join(here, name)
    except OSError:
        return Way(tuple(steps), None, None, reaches_end=not rest)
    there = (found.st_dev, found.st_ino, stat.S_IFMT(found.st_mode))
    folder = here if stat.S_ISDIR(found.st_mode) else None
    return Way(tuple(steps), there, folder, reaches_end=True)
