"""Automatic reviews of approval requests, between their domain and their wire form."""

from __future__ import annotations

from typing import Any

import msgspec
from codex_trio_protocol import table
from codex_trio_protocol.v2 import guardian as wire
from codex_trio_protocol.v2.permissions import RequestPermissionProfile

from codex_trio.domain import approval_actions as actions
from codex_trio.domain.approval_reviews import ApprovalReview, Assessment
from codex_trio.util.camel_case import camel_case


def review_notice(thread_id: str, review: ApprovalReview) -> tuple[str, msgspec.Struct]:
    """Return the method and params that tell of a review: that it has begun, or what came of it."""
    state = wire.GuardianApprovalReview(
        status=camel_case(review.status),
        risk_level=review.risk_level,
        user_authorization=review.user_authorization,
        rationale=review.rationale,
    )
    if review.completed_ms is None:
        return "item/autoApprovalReview/started", wire.ItemGuardianApprovalReviewStartedNotification(
            thread_id=thread_id,
            turn_id=review.turn_id,
            started_at_ms=review.started_ms,
            review_id=review.id,
            target_item_id=review.target_item_id,
            review=state,
            action=action_to_wire(review.action),
        )
    return "item/autoApprovalReview/completed", wire.ItemGuardianApprovalReviewCompletedNotification(
        thread_id=thread_id,
        turn_id=review.turn_id,
        started_at_ms=review.started_ms,
        completed_at_ms=review.completed_ms,
        review_id=review.id,
        target_item_id=review.target_item_id,
        decision_source="agent",
        review=state,
        action=action_to_wire(review.action),
    )


def assessment_to_wire(assessment: Assessment | None) -> wire.ThreadGuardianAssessment | None:
    """Return an assessment; None where policy made one needless."""
    if assessment is None:
        return None
    return wire.ThreadGuardianAssessment(
        outcome=assessment.outcome,
        risk_level=assessment.risk_level,
        user_authorization=assessment.user_authorization,
        rationale=assessment.rationale,
    )


def action_to_wire(action: actions.ApprovalAction) -> Any:
    """Return an action in wire form."""
    match action:
        case actions.RunCommand():
            return wire.CommandGuardianApprovalReviewAction(
                source=camel_case(action.source), command=action.command, cwd=action.cwd
            )
        case actions.StartProgram():
            return wire.ExecveGuardianApprovalReviewAction(
                source=camel_case(action.source), program=action.program, argv=action.argv, cwd=action.cwd
            )
        case actions.WriteInput():
            return wire.WriteStdinGuardianApprovalReviewAction(
                approval_id=action.approval_id, process_id=action.process_id, stdin=action.stdin, cwd=action.cwd
            )
        case actions.ChangeFiles():
            return wire.ApplyPatchGuardianApprovalReviewAction(cwd=action.cwd, files=action.files)
        case actions.ReachHost():
            return wire.NetworkAccessGuardianApprovalReviewAction(
                target=action.target, host=action.host, protocol=camel_case(action.protocol), port=action.port
            )
        case actions.CallMcp():
            return wire.McpToolCallGuardianApprovalReviewAction(
                server=action.server,
                tool_name=action.tool_name,
                connector_id=action.connector_id,
                connector_name=action.connector_name,
                tool_title=action.tool_title,
            )
        case actions.GetPermissions():
            asked = {camel_case(name): value for name, value in action.permissions.items()}
            return wire.RequestPermissionsGuardianApprovalReviewAction(
                reason=action.reason, permissions=table.convert(asked, RequestPermissionProfile)
            )
