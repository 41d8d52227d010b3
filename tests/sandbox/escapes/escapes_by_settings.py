"""Ways to change, inside a writable folder, what others obey: `.git`, `.codex`, a worktree's pointer."""

from __future__ import annotations

import os

from escape_kinds import AT_FDCWD, Probe, Target, call, write

_EXCHANGE = 2


def _there_and_back(path: str) -> None:
    os.rename(path, f"{path}.away")
    os.rename(f"{path}.away", path)


def _replace_by_link(t: Target) -> None:
    git = f"{t.workspace}/.git"
    os.rename(git, f"{git}.was")
    try:
        os.symlink("/nowhere", git)
        os.unlink(git)
    finally:
        os.rename(f"{git}.was", git)


def _exchange(t: Target) -> None:
    mine, git = os.fsencode(f"{t.scratch}/mine"), os.fsencode(f"{t.workspace}/.git")
    os.mkdir(mine)
    call("renameat2", AT_FDCWD, mine, AT_FDCWD, git, _EXCHANGE)
    call("renameat2", AT_FDCWD, mine, AT_FDCWD, git, _EXCHANGE)


def _rewrite_pointer(t: Target) -> None:
    write(f"{t.scratch}/pointer", os.O_CREAT)
    os.rename(f"{t.scratch}/pointer", f"{t.pointer}/.git")


def _make_missing(t: Target) -> None:
    # What is put into it may already be set aside.
    os.mkdir(f"{t.workspace}/.codex")


def _race_placeholder(t: Target) -> None:
    """Try to be quicker than what holds the place of a missing folder."""
    mine, place = f"{t.scratch}/race", f"{t.workspace}/.agents"
    os.mkdir(mine)
    for _ in range(200):
        for attempt in (
            lambda: os.rmdir(place),
            lambda: os.rename(mine, place),
            lambda: os.rename(place, f"{place}.x"),
        ):
            try:
                attempt()
                return
            except OSError:
                continue
    raise PermissionError("never in 600 attempts")


PROBES = (
    Probe("git-config", "change `.git/config`", lambda t: write(f"{t.workspace}/.git/config", os.O_CREAT), "writes"),
    Probe("git-hook", "create a hook in `.git`", lambda t: write(f"{t.workspace}/.git/hook", os.O_CREAT), "writes"),
    Probe("git-rename", "move `.git` away", lambda t: _there_and_back(f"{t.workspace}/.git"), "writes"),
    Probe("git-link", "replace `.git` by a link", _replace_by_link, "writes"),
    Probe("git-exchange", "exchange `.git` with a folder of one's own", _exchange, "writes"),
    Probe("git-mode", "change the mode of `.git`", lambda t: os.chmod(f"{t.workspace}/.git", 0o755), "writes"),
    Probe("worktree-store", "change what a worktree's `.git` leads to", lambda t: write(f"{t.store}/HEAD"), "writes"),
    Probe("worktree-parent", "move a folder above that", lambda t: _there_and_back(os.path.dirname(t.store)), "writes"),
    Probe("settings", "create a missing `.codex`", _make_missing, "writes"),
    Probe("race", "take a missing `.agents`' place in a race", _race_placeholder, "writes"),
    Probe("worktree-pointer", "replace a worktree's `.git`", _rewrite_pointer, "writes"),
)
