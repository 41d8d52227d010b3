"""What stays read-only inside the folders that a policy opens: settings and repositories that others obey.

Owns which paths those are, for one folder. Does not own how they are kept from changing (`view`). Reads the file
system, and never raises for what it finds there.
"""

import os
from pathlib import Path

from codex_trio.config.project import git_root, is_work_tree
from codex_trio.sandbox.links import trace
from codex_trio.util.regular_file import read_start

SETTINGS_FOLDER = ".codex"

PROTECTED_NAMES = (".git", ".agents", SETTINGS_FOLDER, ".aws")
"""Entries of every writable root, and of the folders above it in its repository, that stay read-only or missing."""

_GITDIR_POINTER = "gitdir:"
_MAX_POINTER_BYTES = 8192
"""More than the longest path: what a `.git` file, or a `commondir`, can hold."""


def protected_names_of(root: str) -> tuple[str, ...]:
    """Return the protected entries of a root itself: none of one that is a file."""
    return tuple(os.path.join(root, name) for name in PROTECTED_NAMES) if os.path.isdir(root) else ()


def repository_above(folder: str) -> str | None:
    """Return the repository that `folder` lies in without being its root."""
    try:
        if folder == "/" or is_work_tree(Path(folder)):
            return None
        found = git_root(Path(folder).parent)
    except OSError:
        return None
    return None if found is None else str(found)


def protected_around(root: str) -> tuple[str, ...]:
    """Return what the user's git and the next thread obey for `root` though it lies elsewhere.

    That are the same entries of the folders between `root` and the top of its repository, and the git folders that
    `.git` files on that way lead to, with those that they in turn share with others.
    """
    above = repository_above(root)
    found: list[str] = []
    folder = root
    while above is not None and folder != above:
        folder = os.path.dirname(folder)
        found += protected_names_of(folder)
    for path in (root, folder):
        found += _git_folders(path)
    return tuple(dict.fromkeys(found))


def _git_folders(work_tree: str) -> list[str]:
    """Return where a work tree's repository is, if not in it: that of a worktree or submodule, and the shared one."""
    dot_git = os.path.join(work_tree, ".git")
    git_folder = _pointed(dot_git, _GITDIR_POINTER)
    found = [] if git_folder is None else [git_folder]
    shared = _pointed(os.path.join(git_folder or dot_git, "commondir"), "")
    return found if shared is None else [*found, shared]


def _pointed(file: str, prefix: str) -> str | None:
    """Return the folder that a file of git's names, relative to the file's own folder."""
    try:
        text = os.fsdecode(read_start(file, limit=_MAX_POINTER_BYTES))
    except OSError:
        return None
    if not text.startswith(prefix) or "\0" in text:
        return None
    path = text.removeprefix(prefix).strip()
    return os.path.join(trace(os.path.dirname(file)).end, path) if path else None
