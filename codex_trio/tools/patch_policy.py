"""Which patches are applied unasked, which are asked about, which are refused, and where each may write at last.

Both follow links in paths: blocking, for worker threads.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.files.contents import NotWritable
from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import ReadOnly, SandboxPolicy


class PatchVerdict(msgspec.Struct, frozen=True):
    """What to do with a patch; `reason` is what the model is told of a refusal."""

    kind: Literal["apply", "ask", "reject"]
    reason: str = ""


APPLY = PatchVerdict("apply")
ASK = PatchVerdict("ask")


def assess(
    paths: Sequence[str],
    approval_policy: AskForApproval,
    sandbox_policy: SandboxPolicy,
    *,
    may_write: Callable[[str], bool],
) -> PatchVerdict:
    """Return the verdict for a patch that touches these absolute paths (matrix observed in 0.169.0).

    `may_write` says of a path whether a sandboxed command could write it. What it raises is raised.
    """
    if approval_policy == "untrusted":
        return ASK
    if all(may_write(path) for path in paths):
        return APPLY
    if approval_policy == "never" or (isinstance(approval_policy, Granular) and not approval_policy.sandbox_approval):
        what = (
            "writing is blocked by read-only sandbox"
            if isinstance(sandbox_policy, ReadOnly)
            else "writing outside of the project"
        )
        return PatchVerdict("reject", f"{what}; rejected by user approval settings")
    return ASK


class WritablePlaces:
    """Where a patch may write: asked when it is written, since what links and folders lead to may have changed.

    `approved` are places that the user was asked about; all others must be writable for a sandboxed command.
    """

    def __init__(self, approved: frozenset[str], may_write: Callable[[str], bool]) -> None:
        self._approved = approved
        self._may_write = may_write

    def admits(self, place: str) -> bool:
        """Return whether the file at `place` may be written, made or removed. Raises `NotWritable`."""
        try:
            return place in self._approved or self._may_write(place)
        except RootChanged as error:
            raise NotWritable(errno.EPERM, str(error), place) from error

    def admits_beside(self, place: str) -> bool:
        """Return whether other files may be made beside it for a while: not where that file alone may be written."""
        return place in self._approved or self.admits(os.path.join(os.path.dirname(place), ".patch"))
