"""TODO module review"""

from typing import Literal, TypeAlias

from codex_trio_protocol.base import Params, Tagged, Wire
from codex_trio_protocol.v2.turn import Turn

ReviewDelivery: TypeAlias = Literal["inline", "detached"]
"""TODO ReviewDelivery"""


class UncommittedChangesReviewTarget(Tagged, tag="uncommittedChanges"):
    """TODO UncommittedChangesReviewTarget"""


class BaseBranchReviewTarget(Tagged, tag="baseBranch"):
    """TODO BaseBranchReviewTarget"""

    branch: str


class CommitReviewTarget(Tagged, tag="commit"):
    """TODO CommitReviewTarget"""

    sha: str
    title: str | None = None


class CustomReviewTarget(Tagged, tag="custom"):
    """TODO CustomReviewTarget"""

    instructions: str


ReviewTarget: TypeAlias = (
    UncommittedChangesReviewTarget | BaseBranchReviewTarget | CommitReviewTarget | CustomReviewTarget
)
"""TODO ReviewTarget"""


class ReviewStartParams(Params):
    """TODO ReviewStartParams"""

    thread_id: str
    target: ReviewTarget
    delivery: ReviewDelivery | None = None


class ReviewStartResponse(Wire):
    """TODO ReviewStartResponse"""

    turn: Turn
    review_thread_id: str
