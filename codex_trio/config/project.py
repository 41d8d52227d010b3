"""Which project a folder belongs to.

Owns: finding the project root, the git root, the main checkout of a git worktree, and the `.codex` folders on the way.
Does not own: whether the project is trusted (`trust`).
Called by: `sources`, `trust`, the engine's project documents, and whoever asks for the repository around a folder.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

PLACEHOLDER_MODE = 0o1755
"""Marks a folder that only stands in for a protected path while a sandboxed command runs (`sandbox.placeholders`).

The sticky bit means nothing on a folder that only its owner may write: git and others ignore it. While a command may
write to `/tmp`, there is such a `/tmp/.git`; that makes no repository of what else is below `/tmp`.
"""


def is_placeholder(status: os.stat_result) -> bool:
    """Whether `status` is that of a folder that only stands in for a protected path."""
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == PLACEHOLDER_MODE


def project_root(cwd: Path, markers: Sequence[str]) -> Path:
    """The nearest folder from `cwd` upward that holds one of `markers`; `cwd` itself when there is none."""
    if markers:
        for folder in (cwd, *cwd.parents):
            if any(_is_there(folder / marker) for marker in markers):
                return folder
    return cwd


def folders_between(root: Path, cwd: Path) -> list[Path]:
    """`root`, the folders below it on the way to `cwd`, and `cwd`; only `cwd` when it is not below `root`."""
    way = [cwd]
    for folder in cwd.parents:
        if way[-1] == root:
            break
        way.append(folder)
    return way[::-1] if way[-1] == root else [cwd]


def git_root(cwd: Path) -> Path | None:
    """The nearest folder from `cwd` upward that is a git work tree; None outside of git."""
    return next((folder for folder in (cwd, *cwd.parents) if _is_there(folder / ".git")), None)


def git_root_for_trust(cwd: Path) -> Path | None:
    """The root of the git repository around `cwd`; for a linked worktree, the root of its main checkout.

    Trust given to a repository counts for all its worktrees. None outside of git.
    """
    root = git_root(cwd)
    if root is not None and (root / ".git").is_file():
        return _main_checkout(root / ".git") or root
    return root


def _is_there(path: Path) -> bool:
    try:
        return not is_placeholder(os.lstat(path))
    except OSError:
        return False


def _main_checkout(dot_git: Path) -> Path | None:
    try:
        text = dot_git.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    target = text.strip().removeprefix("gitdir:").strip()
    git_folder = Path(os.path.normpath(dot_git.parent / target))
    # <main>/.git/worktrees/<name>; a submodule's <main>/.git/modules/<name> is a repository of its own.
    if git_folder.parent.name == "worktrees" and git_folder.parent.parent.name == ".git":
        return git_folder.parent.parent.parent
    return None
