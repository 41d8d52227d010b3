"""Which patches are applied unasked, which are asked about, and which are refused. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from codex_trio.config.approval import AskForApproval, Granular
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
