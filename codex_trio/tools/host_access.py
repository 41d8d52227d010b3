"""The hosts that a command of the model may reach: who is asked about those that no list has, and what the answer does.

Owns when somebody is asked, for how long an answer counts, and rules that are written. Does not own lists and rules
(`network/judging`) or the flow of approvals (tools/approval_flow.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.config.host_lists import normal_host
from codex_trio.domain.items import CommandExecution
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.rules import NetworkRule
from codex_trio.network.judging import HostAttempt, ListedHosts, Refusal, refusal
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.tools.context import ToolContext
from codex_trio.tools.host_answers import Key
from codex_trio.tools.review import HostAmendment, HostQuestion, ReviewDecision, ReviewOutcome
from codex_trio.util.clock import now_ms


class CommandHosts:
    """Decides for one command; implements the environments' `HostAccess`."""

    def __init__(self, policy: CommandPolicy, context: ToolContext, item: CommandExecution, *, cwd: str) -> None:
        self._policy = policy
        self._context = context
        self._item = item
        self._cwd = cwd
        self._answered: dict[Key, ReviewDecision] = {}

    def rules(self) -> Sequence[NetworkRule]:
        """Return the rules about hosts, as they are at the moment."""
        return self._policy.network_rules()

    async def judge(self, attempt: HostAttempt, listed: ListedHosts) -> Refusal | None:
        """Return why a host that no list has must not be reached, after asking about it."""
        key = self._key(attempt)
        answers = self._context.approvals.hosts
        if answers.allows(key):
            return None
        if not _may_ask(self._context.approval_policy):
            return listed.unlisted(attempt, ", and the approval policy has nobody asked about it")
        answer = self._answered.get(key)
        if answer is None:
            answer = await answers.ask(key, lambda: self._ask(attempt))
            # Who gave none is asked again by the next attempt: the turn that it was asked in may just have ended.
            if answer.outcome is not ReviewOutcome.FAILED:
                self._answered[key] = answer
            await self._context.approvals.host_answered(answer)
        if answer.accepted:
            return None
        return refusal(attempt, "not_allowed", answer.reason, "")

    def _key(self, attempt: HostAttempt) -> Key:
        return self._context.environment.id, *attempt.key

    async def _ask(self, attempt: HostAttempt) -> ReviewDecision:
        environment_id = self._context.environment.id
        spoken = attempt.protocol.replace("_", "-")
        answer = await self._context.approvals.host(
            HostQuestion(
                turn_id=self._context.turn_id,
                item_id=f"network#{environment_id}#{spoken}#{attempt.host}#{attempt.port}#{uuid4()}",
                started_ms=now_ms(),
                host=attempt.host,
                protocol=attempt.protocol,
                port=attempt.port,
                environment_id=environment_id,
                command=self._item.command,
                cwd=self._cwd,
            )
        )
        if answer.amendment is not None:
            self._context.log.warning(
                f"The answer about {attempt.host} has a rule about commands, which was not saved."
            )
        if answer.host_amendment is not None:
            if not _is_about(answer.host_amendment, attempt):
                self._context.log.warning(
                    f"The answer about {attempt.host} has a rule about another host: neither is allowed."
                )
                return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason="it was answered for another host")
            await self._amend(answer.host_amendment, attempt)
        elif answer.outcome in (ReviewOutcome.ACCEPTED_FOR_SESSION, ReviewOutcome.ACCEPTED_FOR_GOOD):
            self._context.approvals.hosts.allow(self._key(attempt))
        return answer

    async def _amend(self, amendment: HostAmendment, attempt: HostAttempt) -> None:
        """Write a rule; one that cannot be stored must not change the answer."""
        verb = "Allow" if amendment.allows else "Deny"
        log = self._context.log
        try:
            host = normal_host(amendment.host)
            rule = NetworkRule(
                host=host,
                protocol=attempt.protocol,
                decision="allow" if amendment.allows else "forbidden",
                justification=f"{verb} {attempt.protocol} access to {host}",
            )
            await self._policy.amend_host(rule)
            done = "allowed" if amendment.allows else "denied"
            await log.context_message(f"Network rule saved: access to {host} over {attempt.protocol} is {done}.")
        except (OSError, ValueError, RolloutWriteError) as error:
            log.warning(f"Failed to apply network policy amendment: {error}")


def _is_about(amendment: HostAmendment, attempt: HostAttempt) -> bool:
    try:
        return normal_host(amendment.host) == normal_host(attempt.host)
    except ValueError:
        return False


def _may_ask(policy: AskForApproval) -> bool:
    return policy.sandbox_approval if isinstance(policy, Granular) else policy != "never"
