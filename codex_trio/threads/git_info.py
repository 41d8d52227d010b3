"""The state of the repository that a thread starts in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import trio

from codex_trio.config.project import git_root
from codex_trio.state.rollout.lines import GitInfo

GIT_SECONDS = 3.0
"""A repository on a slow disk must not hold up a thread."""


async def collect_git_info(cwd: Path) -> GitInfo | None:
    """Commit, branch and remote of the repository around `cwd`; None outside of one, or without git."""
    if git_root(cwd) is None:
        return None
    answers: dict[str, str | None] = {}

    async def ask(key: str, *arguments: str) -> None:
        answers[key] = await _git(cwd, *arguments)

    with trio.move_on_after(GIT_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "commit", "rev-parse", "HEAD")
            nursery.start_soon(ask, "branch", "symbolic-ref", "--short", "-q", "HEAD")
            nursery.start_soon(ask, "url", "config", "--get", "remote.origin.url")
    if not any(answers.values()):
        return None
    return GitInfo(commit_hash=answers.get("commit"), branch=answers.get("branch"), repository_url=answers.get("url"))


async def _git(cwd: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(cwd), *arguments]
    try:
        done = await trio.run_process(command, capture_stdout=True, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None
