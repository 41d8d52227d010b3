"""Code reviews."""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Params, Tagged, Until, Wire
from codex_trio_protocol.v2.turn import Turn

ReviewDelivery: TypeAlias = Literal["inline"] | Annotated[Literal["detached"], Until("0.131.0")]
"""Where a review runs: in the thread itself, or in a fork of it."""


class UncommittedChangesReviewTarget(Tagged, tag="uncommittedChanges"):
    """What is not committed yet, new files included."""


class BaseBranchReviewTarget(Tagged, tag="baseBranch"):
    """What differs from a branch."""

    branch: str


class CommitReviewTarget(Tagged, tag="commit"):
    """What one commit changed. The title is for display."""

    sha: str
    title: str | None = None


class CustomReviewTarget(Tagged, tag="custom"):
    """Whatever the instructions say."""

    instructions: str


ReviewTarget: TypeAlias = (
    UncommittedChangesReviewTarget | BaseBranchReviewTarget | CommitReviewTarget | CustomReviewTarget
)
"""What to review."""


class ReviewStartParams(Params):
    """Review code in a turn of a thread. Null runs it in the thread itself.

    Errors: -32600 for a blank branch, commit or instruction, and when the thread is not loaded.
    """

    thread_id: str
    target: ReviewTarget
    delivery: ReviewDelivery | None = None


class ReviewStartResponse(Wire):
    """The turn, and the thread in which it runs."""

    turn: Turn
    review_thread_id: str
