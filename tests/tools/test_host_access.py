"""Who is asked about a host that no list has, how often, and what the answer does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
import trio

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.config.settings import HostLists
from codex_trio.domain.items import CommandExecution
from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.rules import PolicyRules
from codex_trio.network.judging import HostAttempt, ListedHosts, Refusal
from codex_trio.sandbox.policy import HostLimits
from codex_trio.tools.approval_flow import ApprovalFlow
from codex_trio.tools.context import ToolContext
from codex_trio.tools.host_access import CommandHosts
from codex_trio.tools.review import (
    ApprovalQuestion,
    HostAmendment,
    HostQuestion,
    ReviewDecision,
    ReviewOutcome,
    SessionApprovals,
)

PATIENCE = 20.0
WEB = HostAttempt(host="new.test", port=443, protocol="https")
PLAIN = HostAttempt(host="new.test", port=80, protocol="http", method="GET")


class Asked:
    """Somebody who is asked about hosts, and answers when the test says so."""

    def __init__(self) -> None:
        self.questions: list[HostQuestion] = []
        self.answers: list[ReviewDecision] = []
        self.may_answer = trio.Event()
        self.may_answer.set()
        self.held: set[str] = set()

    def hold(self, item_id: str) -> None:
        self.held.add(item_id)

    def release(self, item_id: str) -> None:
        self.held.discard(item_id)

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        return await self.ask(question)

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        assert isinstance(question, HostQuestion)
        assert question.item_id in self.held
        self.questions.append(question)
        await trio.lowlevel.checkpoint()
        await self.may_answer.wait()
        return self.answers.pop(0)


class Bench:
    """One thread, in which commands try to reach hosts."""

    def __init__(self, folder: Path, *, approval: AskForApproval = "on-request") -> None:
        self.rules_file = folder / "rules" / "default.rules"
        self.policy = CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments=self.rules_file)
        self.somebody = Asked()
        self.warnings: list[str] = []
        self.told: list[str] = []
        self.stops = 0
        self._accepted = SessionApprovals()
        self._approval: AskForApproval = approval
        self.listed = ListedHosts(
            HostLimits(own=HostLists(source="the test", way_out="list {host}")), self.policy.network_rules
        )

    def command(self, environment_id: str = "local") -> CommandHosts:
        async def stop() -> NoReturn:
            self.stops += 1
            await trio.sleep_forever()
            raise AssertionError

        async def context_message(text: str) -> None:
            await trio.lowlevel.checkpoint()
            self.told.append(text)

        log = SimpleNamespace(warning=self.warnings.append, context_message=context_message)
        flow = ApprovalFlow(
            turn_id="t", approver=self.somebody, accepted=self._accepted, log=cast("Any", log), stop_turn=stop
        )
        context = SimpleNamespace(
            turn_id="t",
            approvals=flow,
            approval_policy=self._approval,
            log=log,
            environment=SimpleNamespace(id=environment_id),
        )
        item = CommandExecution(
            id="c",
            command=["sh", "-c", "fetch"],
            cwd="file:///w",
            parsed_cmd=[],
            source="agent",
            status="in_progress",
        )
        return CommandHosts(self.policy, cast("ToolContext", context), item, cwd="/w")

    async def tried(self, attempt: HostAttempt, command: CommandHosts | None = None) -> str | None:
        """Return why a host was not reached; None when it was."""
        verdict = self.listed.verdict(attempt)
        if verdict == "ask":
            verdict = await (command or self.command()).judge(attempt, self.listed)
        return verdict.message if isinstance(verdict, Refusal) else None


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def answered(outcome: ReviewOutcome, **others: Any) -> ReviewDecision:
    return ReviewDecision(outcome=outcome, **others)


async def all_tried(bench: Bench, attempts: Sequence[tuple[HostAttempt, CommandHosts]]) -> list[str | None]:
    said: dict[int, str | None] = {}

    async def one(place: int, attempt: HostAttempt, command: CommandHosts) -> None:
        said[place] = await bench.tried(attempt, command)

    bench.somebody.may_answer = trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            for place, (attempt, command) in enumerate(attempts):
                nursery.start_soon(one, place, attempt, command)
            await trio.testing.wait_all_tasks_blocked()
            bench.somebody.may_answer.set()
    return [said[place] for place in range(len(attempts))]


async def test_everybody_waits_for_the_one_answer_about_a_host(bench: Bench) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED), answered(ReviewOutcome.DECLINED)]
    first, second = bench.command(), bench.command()
    attempts = [(WEB, first), (WEB, first), (WEB, second)]
    assert await all_tried(bench, attempts) == [None] * 3
    [question] = bench.somebody.questions
    assert (question.host, question.protocol, question.port, question.turn_id) == ("new.test", "https", 443, "t")
    assert question.item_id.startswith("network#local#https#new.test#443#")
    assert question.planned["trigger"]["command"] == ["sh", "-c", "fetch"]
    # The same command is not asked about again, another one is, and so is another port or protocol.
    assert await bench.tried(WEB, first) is None
    assert len(bench.somebody.questions) == 1
    assert await bench.tried(WEB) == 'Network access to "new.test" was blocked: rejected by user.'
    assert len(bench.somebody.questions) == 2
    assert bench.somebody.held == set()


async def test_whoever_waits_asks_anew_when_the_one_who_asked_has_gone(bench: Bench) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED)]
    bench.somebody.may_answer = trio.Event()
    said: list[str | None] = []

    async def late() -> None:
        said.append(await bench.tried(WEB))

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as doomed:
                doomed.start_soon(bench.tried, WEB)
                await trio.testing.wait_all_tasks_blocked()
                nursery.start_soon(late)
                await trio.testing.wait_all_tasks_blocked()
                doomed.cancel_scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert len(bench.somebody.questions) == 2
            bench.somebody.may_answer.set()
    assert said == [None]


async def test_an_answer_for_the_session_is_for_one_host_protocol_and_port(bench: Bench) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED_FOR_SESSION), answered(ReviewOutcome.ACCEPTED)]
    assert await bench.tried(WEB) is None
    assert await bench.tried(WEB) is None
    assert len(bench.somebody.questions) == 1
    assert await bench.tried(PLAIN) is None
    assert len(bench.somebody.questions) == 2
    assert not bench.rules_file.exists()


async def test_an_answer_is_for_the_environment_that_it_was_given_for(bench: Bench) -> None:
    session, once = answered(ReviewOutcome.ACCEPTED_FOR_SESSION), answered(ReviewOutcome.ACCEPTED)
    bench.somebody.answers = [session, once, once]
    assert await bench.tried(WEB) is None
    assert await all_tried(bench, [(WEB, bench.command("far")), (WEB, bench.command("further"))]) == [None] * 2
    assert sorted(question.environment_id for question in bench.somebody.questions) == ["far", "further", "local"]


@pytest.mark.parametrize(
    ("allows", "outcome", "word"),
    [(True, ReviewOutcome.ACCEPTED_WITH_AMENDMENT, "allow"), (False, ReviewOutcome.DECLINED, "deny")],
)
async def test_a_rule_is_written_and_holds_at_once(
    bench: Bench,
    allows: bool,  # noqa: FBT001  # a table
    outcome: ReviewOutcome,
    word: str,
) -> None:
    bench.somebody.answers = [answered(outcome, host_amendment=HostAmendment("New.Test", allows))]
    assert (await bench.tried(WEB) is None) is allows
    verb = word.capitalize()
    assert bench.rules_file.read_text() == (
        f'network_rule(host="new.test", protocol="https", decision="{word}", '
        f'justification="{verb} https access to new.test")\n'
    )
    said = await bench.tried(WEB)
    assert len(bench.somebody.questions) == 1
    assert (said is None) is allows
    if said is not None:
        assert "a network_rule of the user's rules files" in said
    assert len(bench.told) == 1
    again = await CommandPolicy.load([bench.rules_file.parent], bash=Bash(), amendments=bench.rules_file)
    assert [rule.host for rule in again.network_rules()] == ["new.test"]


async def test_a_question_without_an_answer_refuses_one_attempt_and_not_the_next(bench: Bench) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.FAILED, reason="nobody said"), answered(ReviewOutcome.ACCEPTED)]
    command = bench.command()
    assert await bench.tried(WEB, command) == 'Network access to "new.test" was blocked: nobody said.'
    assert await bench.tried(WEB, command) is None
    assert len(bench.somebody.questions) == 2


async def test_a_rule_about_commands_is_none_about_a_host_and_that_is_told(bench: Bench) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED_WITH_AMENDMENT, amendment=["curl"])]
    assert await bench.tried(WEB) is None
    assert bench.warnings == ["The answer about new.test has a rule about commands, which was not saved."]
    assert not bench.rules_file.exists()


async def test_a_rule_that_cannot_be_written_does_not_change_the_answer(bench: Bench) -> None:
    bench.rules_file.mkdir(parents=True)
    amendment = HostAmendment("new.test", allows=True)
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED_WITH_AMENDMENT, host_amendment=amendment)]
    assert await bench.tried(WEB) is None
    assert [warning.partition(":")[0] for warning in bench.warnings] == ["Failed to apply network policy amendment"]


@pytest.mark.parametrize("host", ["other.test", "*", "http://what", ""])
async def test_a_rule_about_another_host_opens_neither(bench: Bench, host: str) -> None:
    amendment = HostAmendment(host, allows=True)
    bench.somebody.answers = [answered(ReviewOutcome.ACCEPTED_WITH_AMENDMENT, host_amendment=amendment)]
    said = await bench.tried(WEB)
    assert said is not None
    assert "it was answered for another host" in said
    assert not bench.rules_file.exists()
    assert len(bench.warnings) == 1


NEVER_ABOUT_SANDBOXES = Granular(sandbox_approval=False, rules=True, mcp_elicitations=True)


@pytest.mark.parametrize("approval", ["never", NEVER_ABOUT_SANDBOXES], ids=["never", "granular"])
async def test_nobody_is_asked_who_does_not_want_to_be(tmp_path: Path, approval: AskForApproval) -> None:
    bench = Bench(tmp_path, approval=approval)
    said = await bench.tried(WEB)
    assert said is not None
    assert said.startswith('Network access to "new.test" was blocked: domain is not on the allowlist')
    assert said.endswith("To open it, list new.test.")
    assert bench.somebody.questions == []


async def test_who_cancels_ends_the_turns_of_all_who_wait_and_is_asked_once(
    bench: Bench, mock_clock: trio.testing.MockClock
) -> None:
    bench.somebody.answers = [answered(ReviewOutcome.CANCELLED)]
    with trio.CancelScope() as of_the_commands:
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(partial(bench.tried, WEB))
            await trio.testing.wait_all_tasks_blocked()
            # Nobody waits for the turn of the one that asked to end.
            assert bench.stops == 2
            assert len(bench.somebody.questions) == 1
            assert bench.somebody.held == set()
            # Commands of earlier turns go on, and are refused.
            mock_clock.jump(11)
            await trio.testing.wait_all_tasks_blocked()
    assert not of_the_commands.cancelled_caught
