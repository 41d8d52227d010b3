"""Automatic reviews of approval requests as values: what is reviewed, where the review stands, and the assessment."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from codex_trio.domain.approval_actions import ApprovalAction

ReviewStatus: TypeAlias = Literal["in_progress", "approved", "denied", "timed_out", "aborted"]
RiskLevel: TypeAlias = Literal["low", "medium", "high", "critical"]
UserAuthorization: TypeAlias = Literal["unknown", "low", "medium", "high"]


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer thinks of an action: how much harm it could do, how clearly the user wanted it, and why."""

    outcome: Literal["allow", "deny"]
    risk_level: RiskLevel
    user_authorization: UserAuthorization
    rationale: str


class ApprovalReview(msgspec.Struct, frozen=True, kw_only=True):
    """One review. Times are Unix milliseconds; `completed_ms` is None while it goes on.

    A review that did not come to an assessment has a rationale alone, which says why.
    """

    id: str
    turn_id: str
    target_item_id: str | None
    action: ApprovalAction
    started_ms: int
    completed_ms: int | None = None
    status: ReviewStatus = "in_progress"
    risk_level: RiskLevel | None = None
    user_authorization: UserAuthorization | None = None
    rationale: str | None = None
