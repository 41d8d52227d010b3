"""Names that are no text: how they are shown, and which file is meant by one that was shown. Blocking."""

from __future__ import annotations

import contextlib
import os

_REPLACED = "\ufffd"


def shown(name: str) -> str:
    """Return a name as it can be told: what is no text in it is U+FFFD."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")


def is_shown(path: str) -> bool:
    """Return whether a path may be that of something else than it says."""
    return _REPLACED in path


def meant(path: str) -> str:
    """Return the path of what is shown by an absolute path: each name in it stands for the one that is shown so, where
    there is exactly one, and otherwise for itself.
    """
    if not is_shown(path) or os.path.lexists(path):
        return path
    here = "/"
    for name in filter(None, path.split("/")):
        there = os.path.join(here, name)
        if _REPLACED in name and not os.path.lexists(there):
            candidates: list[str] = []
            with contextlib.suppress(OSError):
                candidates = [entry for entry in os.listdir(here) if shown(entry) == name]
            if len(candidates) == 1:
                there = os.path.join(here, candidates[0])
        here = there
    return here
