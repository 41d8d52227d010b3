"""Asking the clients of a thread, and taking the first answer.

Owns the wire form of questions and answers, and which items the thread waits for. Does not own what an answer leads to
(the tools do). One for each loaded thread; implements the engine's `Approver`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from codex_trio_protocol.v2 import approval as wire
from codex_trio_protocol.v2.guardian import GuardianWarningNotification
from codex_trio_protocol.v2.item_events import ServerRequestResolvedNotification

from codex_trio.config.settings import ApprovalsReviewer
from codex_trio.execpolicy.words import join
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.server_requests import PendingServerRequest, ServerRequestFailed
from codex_trio.threads.environments import LOCAL
from codex_trio.tools.review import CommandQuestion, PatchQuestion, ReviewDecision, ReviewOutcome
from codex_trio.wire.items import project_action

NO_REVIEWER = (
    "Approvals of this thread go to an automatic reviewer, which this server does not have yet: what needs an approval "
    "is declined. Set approvalsReviewer to `user` to be asked."
)

_OUTCOMES = {
    "accept": ReviewOutcome.ACCEPTED,
    "acceptForSession": ReviewOutcome.ACCEPTED_FOR_SESSION,
    "decline": ReviewOutcome.DECLINED,
    "cancel": ReviewOutcome.CANCELLED,
}


class ThreadApprover:
    """See the module. `on_waiting` is called whenever the thread begins or ceases to wait.

    `reviewer` tells who is to answer. Questions for the automatic reviewer must not go to the client, who relies on
    being spared and may accept anything: without such a reviewer they are declined.
    """

    def __init__(
        self,
        *,
        thread_id: str,
        outgoing: OutgoingMessages,
        subscribers: Callable[[], set[int]],
        reviewer: Callable[[], ApprovalsReviewer],
        on_waiting: Callable[[], None],
    ) -> None:
        self._thread_id = thread_id
        self._outgoing = outgoing
        self._subscribers = subscribers
        self._reviewer = reviewer
        self._on_waiting = on_waiting
        self._held: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether the thread waits for an answer."""
        return bool(self._held)

    def hold(self, item_id: str) -> None:
        self._held.add(item_id)
        self._on_waiting()

    def release(self, item_id: str) -> None:
        self._held.discard(item_id)
        self._on_waiting()

    def turn_over(self) -> None:
        """Nothing is waited for any more, and clients are told that open questions are void."""
        self._held.clear()
        self._outgoing.cancel(self._thread_id)

    async def ask_command(self, question: CommandQuestion) -> ReviewDecision:
        amendment = question.proposed_amendment
        decisions: list[Any] = ["accept", "cancel"]
        if amendment is not None:
            decisions.insert(1, _amendment_decision(amendment))
        params = wire.CommandExecutionRequestApprovalParams(
            thread_id=self._thread_id,
            turn_id=question.turn_id,
            item_id=question.item_id,
            started_at_ms=question.started_ms,
            environment_id=LOCAL,
            reason=msgspec.UNSET if question.reason is None else question.reason,
            command=join(question.command),
            cwd=question.cwd,
            command_actions=[project_action(action, question.cwd) for action in question.parsed_cmd],
            proposed_execpolicy_amendment=msgspec.UNSET if amendment is None else amendment,
            available_decisions=decisions,
        )
        return await self._ask("item/commandExecution/requestApproval", params)

    async def ask_patch(self, question: PatchQuestion) -> ReviewDecision:
        params = wire.FileChangeRequestApprovalParams(
            thread_id=self._thread_id,
            turn_id=question.turn_id,
            item_id=question.item_id,
            started_at_ms=question.started_ms,
        )
        return await self._ask("item/fileChange/requestApproval", params)

    async def _ask(self, method: str, params: msgspec.Struct) -> ReviewDecision:
        if self._reviewer() != "user":
            warning = GuardianWarningNotification(thread_id=self._thread_id, message=NO_REVIEWER)
            self._outgoing.notify("guardianWarning", warning, targets=self._subscribers())
            return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason="rejected: no reviewer is available")
        pending = self._outgoing.request(
            method,
            params,
            thread_id=self._thread_id,
            targets=self._subscribers(),
            on_settled=self._tell_resolved,
        )
        try:
            return _decision((await pending.wait()).decision)
        except ServerRequestFailed:
            return _failed()

    def _tell_resolved(self, pending: PendingServerRequest) -> None:
        self._outgoing.notify(
            "serverRequest/resolved",
            ServerRequestResolvedNotification(thread_id=self._thread_id, request_id=pending.id),
            targets=self._subscribers(),
        )


def _amendment_decision(amendment: list[str]) -> wire.CommandExecutionApprovalDecisionObject:
    return wire.CommandExecutionApprovalDecisionObject(
        accept_with_execpolicy_amendment=wire.AcceptWithExecpolicyAmendment(execpolicy_amendment=amendment)
    )


def _failed() -> ReviewDecision:
    return ReviewDecision(outcome=ReviewOutcome.FAILED, reason="approval request failed")


def _decision(decision: Any) -> ReviewDecision:
    if isinstance(decision, str):
        outcome = _OUTCOMES.get(decision)
        return _failed() if outcome is None else ReviewDecision(outcome=outcome)
    accepted = decision.accept_with_execpolicy_amendment
    if accepted is msgspec.UNSET:
        return _failed()
    return ReviewDecision(outcome=ReviewOutcome.ACCEPTED_WITH_AMENDMENT, amendment=list(accepted.execpolicy_amendment))
