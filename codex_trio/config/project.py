"""Which project a folder belongs to.

Owns: finding the project root, the main checkout of a git worktree, and the `.codex` folders on the way.
Does not own: whether the project is trusted (`trust`).
Called by: `sources`, `trust`, and the engine's project documents.
"""

import os
from collections.abc import Sequence
from pathlib import Path


def project_root(cwd: Path, markers: Sequence[str]) -> Path:
    """The nearest folder from `cwd` upward that holds one of `markers`; `cwd` itself when there is none."""
    if markers:
        for folder in (cwd, *cwd.parents):
            if any(os.path.lexists(folder / marker) for marker in markers):
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


def git_root_for_trust(cwd: Path) -> Path | None:
    """The root of the git repository around `cwd`; for a linked worktree, the root of its main checkout.

    Trust given to a repository counts for all its worktrees. None outside of git.
    """
    for folder in (cwd, *cwd.parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return folder
        if dot_git.is_file():
            return _main_checkout(dot_git) or folder
    return None


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
