"""Which project a folder belongs to.

Owns: what counts as a repository, finding the project root, the git root, the main checkout of a git worktree, and the
folders on the way.
Does not own: whether the project is trusted (`trust`).

What is asked about may be anything that somebody put there: what cannot be looked at is not there.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from codex_trio.util.regular_file import read_whole

PLACEHOLDER_MODE = 0o1755
"""Marks a folder that only stands in for a protected path while a sandboxed command runs (`sandbox.placeholders`).

The sticky bit means nothing on a folder that only its owner may write: git and others ignore it. While a command may
write to `/tmp`, there is such a `/tmp/.git`; that makes no repository of what else is below `/tmp`.
"""

_POINTER = b"gitdir:"
_MAX_POINTER_BYTES = 8192
"""More than the longest path: what a `.git` file, or a worktree's way back, can hold."""


def is_placeholder(status: os.stat_result) -> bool:
    """Return whether `status` is that of a folder that only stands in for a protected path."""
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == PLACEHOLDER_MODE


def project_root(cwd: Path, markers: Sequence[str]) -> Path:
    """Return the nearest folder from `cwd` upward that holds one of `markers`; `cwd` itself when there is none."""
    if markers:
        for folder in (cwd, *cwd.parents):
            if any(_marks(folder, marker) for marker in markers):
                return folder
    return cwd


def folders_between(root: Path, cwd: Path) -> list[Path]:
    """Return `root`, the folders below it on the way to `cwd`, and `cwd`; only `cwd` when it is not below `root`."""
    way = [cwd]
    for folder in cwd.parents:
        if way[-1] == root:
            break
        way.append(folder)
    return way[::-1] if way[-1] == root else [cwd]


def git_root(cwd: Path) -> Path | None:
    """Return the nearest folder from `cwd` upward that is a git work tree; None outside of git."""
    return next((folder for folder in (cwd, *cwd.parents) if is_work_tree(folder)), None)


def git_root_for_trust(cwd: Path) -> Path | None:
    """Return the root of the repository around `cwd`; for a linked worktree, the root of its main checkout.

    Trust given to a repository counts for all its worktrees. None outside of git.
    """
    root = git_root(cwd)
    return None if root is None else _main_checkout(root) or root


def is_work_tree(folder: Path) -> bool:
    """Return whether `folder` is the root of a git work tree: its `.git` has a HEAD, or is a file that leads to one.

    A killed sandbox leaves empty `.git` folders behind, and anybody can make one in `/tmp`.
    """
    dot_git = folder / ".git"
    if os.path.isdir(dot_git):
        try:
            head = os.lstat(dot_git / "HEAD").st_mode
        except OSError:
            return False
        return stat.S_ISREG(head) or stat.S_ISLNK(head)
    return git_pointer(folder) is not None


def git_pointer(folder: Path) -> Path | None:
    """Return the git folder that the file `folder/.git` names, as in worktrees and submodules; None without one."""
    text = _pointer_text(folder / ".git")
    if text is None or not text.startswith(_POINTER):
        return None
    return Path(os.path.normpath(folder / os.fsdecode(text.removeprefix(_POINTER).strip())))


def _marks(folder: Path, marker: str) -> bool:
    return is_work_tree(folder) if marker == ".git" else os.path.lexists(folder / marker)


def _main_checkout(root: Path) -> Path | None:
    git_folder = git_pointer(root)
    # <main>/.git/worktrees/<name>; a submodule's <main>/.git/modules/<name> is a repository of its own.
    if git_folder is None or git_folder.parent.name != "worktrees" or git_folder.parent.parent.name != ".git":
        return None
    # Any folder can claim to be a worktree of a repository that the user trusts; only a real one is known there.
    way_back = _pointer_text(git_folder / "gitdir")
    if way_back is None or not _is_same(os.path.normpath(git_folder / os.fsdecode(way_back.strip())), root / ".git"):
        return None
    return git_folder.parent.parent.parent


def _pointer_text(path: Path) -> bytes | None:
    try:
        text = read_whole(path, limit=_MAX_POINTER_BYTES)
    except OSError:
        return None
    return None if b"\0" in text else text


def _is_same(one: str | Path, other: str | Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
