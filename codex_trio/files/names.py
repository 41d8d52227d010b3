"""Names that are no text: how they are shown, and which file is meant by one that was shown. Blocking."""

from __future__ import annotations

import os

_REPLACED = "\ufffd"


def shown(name: str) -> str:
    """Return a name as it can be told: what is no text in it is U+FFFD."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")


def meant(path: str) -> str:
    """Return the path of what is shown by an absolute path, where exactly one file is; otherwise the path itself."""
    if _REPLACED not in path or os.path.lexists(path):
        return path
    here = "/"
    for name in filter(None, path.split("/")):
        there = os.path.join(here, name)
        if _REPLACED in name and not os.path.lexists(there):
            try:
                candidates = [entry for entry in os.listdir(here) if shown(entry) == name]
            except OSError:
                return path
            if len(candidates) != 1:
                return path
            there = os.path.join(here, candidates[0])
        here = there
    return here
