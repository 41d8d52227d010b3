"""Paths that plugins and marketplaces name: none leads out of the folder of whoever names it.

Synchronous; links are followed, and what they lead to is judged.
"""

from __future__ import annotations

import os
from pathlib import Path


def named_path(root: Path, text: object) -> Path | None:
    """Return what a `./path` in a folder is; None for what is no such path, or has `..` in it."""
    if not isinstance(text, str) or not (text.startswith("./") or text == ".") or "\0" in text:
        return None
    parts = [part for part in text.split("/") if part not in ("", ".")]
    return None if ".." in parts else root.joinpath(*parts)


def stays_inside(root: Path, path: Path) -> bool:
    """Return whether a path, links followed, is the folder or in it."""
    outer, inner = os.path.realpath(root), os.path.realpath(path)
    return inner == outer or inner.startswith(f"{outer.rstrip('/')}/")


def inner_path(root: Path, text: object) -> Path | None:
    """Return the same as `named_path`, but None for what links lead out of the folder."""
    path = named_path(root, text)
    return path if path is not None and stays_inside(root, path) else None
