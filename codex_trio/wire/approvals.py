"""Questions about commands and patches, and the answers of clients, between their domain and their wire form."""

from __future__ import annotations

from typing import Any

import msgspec
from codex_trio_protocol.v2 import approval as wire
from codex_trio_protocol.v2.client_call import (
    ToolRequestUserInputOption,
    ToolRequestUserInputParams,
    ToolRequestUserInputQuestion,
)

from codex_trio.execpolicy.words import join
from codex_trio.tools.review import CommandQuestion, PatchQuestion, ReviewDecision, ReviewOutcome
from codex_trio.tools.user_input import UserQuestions
from codex_trio.wire.items import project_action
from codex_trio.wire.permissions import additional_to_wire

_OUTCOMES = {
    "accept": ReviewOutcome.ACCEPTED,
    "acceptForSession": ReviewOutcome.ACCEPTED_FOR_SESSION,
    "decline": ReviewOutcome.DECLINED,
    "cancel": ReviewOutcome.CANCELLED,
}


def command_approval(thread_id: str, question: CommandQuestion) -> wire.CommandExecutionRequestApprovalParams:
    """Return whether a command may run."""
    amendment = question.proposed_amendment
    additional = question.additional
    decisions: list[Any] = ["accept", "cancel"]
    if amendment is not None and additional is None:
        decisions.insert(1, _amendment_decision(amendment))
    return wire.CommandExecutionRequestApprovalParams(
        thread_id=thread_id,
        turn_id=question.turn_id,
        item_id=question.item_id,
        started_at_ms=question.started_ms,
        environment_id=question.environment_id,
        reason=msgspec.UNSET if question.reason is None else question.reason,
        command=join(question.command),
        cwd=question.cwd,
        command_actions=[project_action(action, question.cwd) for action in question.parsed_cmd],
        additional_permissions=msgspec.UNSET
        if question.additional is None
        else additional_to_wire(question.additional),
        proposed_execpolicy_amendment=msgspec.UNSET if amendment is None else amendment,
        available_decisions=decisions,
    )


def user_questions(thread_id: str, asked: UserQuestions) -> ToolRequestUserInputParams:
    """Return the params of `item/tool/requestUserInput`; the user may always give another answer."""
    return ToolRequestUserInputParams(
        thread_id=thread_id,
        turn_id=asked.turn_id,
        item_id=asked.item_id,
        questions=[
            ToolRequestUserInputQuestion(
                id=question.id,
                header=question.header,
                question=question.question,
                is_other=True,
                options=[
                    ToolRequestUserInputOption(label=option.label, description=option.description)
                    for option in question.options
                ],
            )
            for question in asked.questions
        ],
    )


def patch_approval(thread_id: str, question: PatchQuestion) -> wire.FileChangeRequestApprovalParams:
    """Return whether a patch may be applied."""
    return wire.FileChangeRequestApprovalParams(
        thread_id=thread_id,
        turn_id=question.turn_id,
        item_id=question.item_id,
        started_at_ms=question.started_ms,
    )


def decision_from_wire(decision: Any) -> ReviewDecision:
    """Return a client's answer."""
    if isinstance(decision, str):
        outcome = _OUTCOMES.get(decision)
        return failed() if outcome is None else ReviewDecision(outcome=outcome)
    accepted = decision.accept_with_execpolicy_amendment
    if accepted is msgspec.UNSET:
        return failed()
    return ReviewDecision(outcome=ReviewOutcome.ACCEPTED_WITH_AMENDMENT, amendment=list(accepted.execpolicy_amendment))


def failed() -> ReviewDecision:
    """Return the decision that stands for no answer."""
    return ReviewDecision(outcome=ReviewOutcome.FAILED, reason="approval request failed")


def _amendment_decision(amendment: list[str]) -> wire.CommandExecutionApprovalDecisionObject:
    return wire.CommandExecutionApprovalDecisionObject(
        accept_with_execpolicy_amendment=wire.AcceptWithExecpolicyAmendment(execpolicy_amendment=amendment)
    )
