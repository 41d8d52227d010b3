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
from codex_trio_protocol.v2.common import NetworkPolicyAmendment

from codex_trio.execpolicy.rules import NetworkProtocol
from codex_trio.execpolicy.words import shown
from codex_trio.tools.review import (
    CommandQuestion,
    HostAmendment,
    HostQuestion,
    PatchQuestion,
    ReviewDecision,
    ReviewOutcome,
)
from codex_trio.tools.user_input import UserQuestions
from codex_trio.util.visible import with_unseen
from codex_trio.wire.items import project_action
from codex_trio.wire.permissions import additional_to_wire

_OUTCOMES = {
    "accept": ReviewOutcome.ACCEPTED,
    "acceptForSession": ReviewOutcome.ACCEPTED_FOR_SESSION,
    "decline": ReviewOutcome.DECLINED,
    "cancel": ReviewOutcome.CANCELLED,
}

_PROTOCOLS: dict[NetworkProtocol, wire.NetworkApprovalProtocol] = {
    "http": "http",
    "https": "https",
    "socks5_tcp": "socks5Tcp",
    "socks5_udp": "socks5Udp",
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
        reason=msgspec.UNSET if question.reason is None else with_unseen(question.reason),
        command=shown(question.command),
        cwd=question.cwd,
        command_actions=[project_action(action, question.cwd) for action in question.parsed_cmd],
        additional_permissions=msgspec.UNSET
        if question.additional is None
        else additional_to_wire(question.additional),
        proposed_execpolicy_amendment=msgspec.UNSET if amendment is None else amendment,
        available_decisions=decisions,
    )


def host_approval(thread_id: str, question: HostQuestion) -> wire.CommandExecutionRequestApprovalParams:
    """Return whether a host may be reached."""
    amendments = [NetworkPolicyAmendment(host=question.host, action=action) for action in ("allow", "deny")]
    for_good = wire.ApplyNetworkPolicyAmendment(network_policy_amendment=amendments[0])
    decision = wire.CommandExecutionApprovalDecisionObject(apply_network_policy_amendment=for_good)
    return wire.CommandExecutionRequestApprovalParams(
        thread_id=thread_id,
        turn_id=question.turn_id,
        item_id=question.item_id,
        started_at_ms=question.started_ms,
        environment_id=question.environment_id,
        reason=f"Network access to {question.host} requires approval",
        network_approval_context=wire.NetworkApprovalContext(
            host=question.host, protocol=_PROTOCOLS[question.protocol]
        ),
        proposed_network_policy_amendments=amendments,
        available_decisions=["accept", "acceptForSession", decision, "cancel"],
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
    ruled = decision.apply_network_policy_amendment
    if ruled is not msgspec.UNSET:
        rule = ruled.network_policy_amendment
        amendment = HostAmendment(rule.host, rule.action == "allow")
        outcome = ReviewOutcome.ACCEPTED_WITH_AMENDMENT if amendment.allows else ReviewOutcome.DECLINED
        return ReviewDecision(outcome=outcome, host_amendment=amendment)
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
