"""What `codex-trio exec review` is to look at.

Owns the choice, its checks, and what the protocol and people call it. Does not own parsing (`exec_arguments`) or the
turn (`exec_run`).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_trio.cli.options import UsageError
from codex_trio.environments.local.git import missing_commit

_SHOWN_SHA = 7


@dataclass(frozen=True)
class ReviewChoice:
    """What is reviewed."""

    target: dict[str, Any]
    """The protocol's ReviewTarget."""
    hint: str
    """What people are told that it is."""

    @classmethod
    def custom(cls, instructions: str) -> ReviewChoice:
        """Return whatever the instructions say."""
        return cls({"type": "custom", "instructions": instructions}, instructions)


def review_choice(options: argparse.Namespace, prompt: str | None) -> ReviewChoice | None:
    """Return what the options name; None where the prompt says it. Raises UsageError."""
    base, commit, title = options.base, options.commit, options.title
    named = {"--uncommitted": options.uncommitted, "--base": base is not None, "--commit": commit is not None}
    option = next((name for name, given in named.items() if given), None)
    if options.images:
        raise UsageError("`review` shows no pictures to its model; leave --image out")
    if options.output_schema is not None:
        raise UsageError("`review` has a form of its own for its answer; leave --output-schema out")
    if title is not None and commit is None:
        raise UsageError("--title names a commit, and goes with --commit only")
    if option is not None and prompt is not None:
        raise UsageError(f"the argument '{option}' cannot be used with '[PROMPT]'")
    for name, value in (("--base", base), ("--commit", commit)):
        if value is not None and not value.strip():
            raise UsageError(f"{name} must not be empty")
    if options.uncommitted:
        return ReviewChoice({"type": "uncommittedChanges"}, "current changes")
    if base is not None:
        return ReviewChoice({"type": "baseBranch", "branch": base}, f"changes against '{base}'")
    if commit is not None:
        shown = f"commit {commit[:_SHOWN_SHA]}" + (f": {title}" if title else "")
        return ReviewChoice({"type": "commit", "sha": commit, "title": title}, shown)
    if prompt is None:
        raise UsageError("Specify --uncommitted, --base, --commit, or provide custom review instructions")
    return None


def check_target(review: ReviewChoice, workdir: Path, environ: Mapping[str, str]) -> None:
    """Raise UsageError where what is to be reviewed does not exist: a turn is too dear to find that out. Blocking."""
    match review.target:
        case {"type": "baseBranch", "branch": branch}:
            # Many checkouts have the branches of others only as those of the remote.
            option, name, names = "--base <BRANCH>", branch, [branch, f"refs/remotes/origin/{branch}"]
        case {"type": "commit", "sha": sha}:
            option, name, names = "--commit <SHA>", sha, [sha]
        case _:
            return
    problem = missing_commit(workdir, names, environ=environ)
    if problem is not None:
        raise UsageError(f"invalid value '{name}' for '{option}': {problem} ({workdir})")
