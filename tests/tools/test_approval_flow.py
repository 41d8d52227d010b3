"""What is asked again and what is not, whoever decides, and how a turn ends by a decision."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest
import trio

from codex_trio.domain.items import CommandExecution, FileChange
from codex_trio.extensions.hooks.answers import HookAnswer
from codex_trio.sandbox.additional import NOTHING
from codex_trio.threads.approvals import ThreadApprover
from codex_trio.tools.approval_flow import ApprovalFlow, Cleared
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.hooked import HookedApprover
from codex_trio.tools.review import (
    ApprovalQuestion,
    CommandQuestion,
    PatchQuestion,
    PermissionGrant,
    PermissionsQuestion,
    ReviewDecision,
    ReviewOutcome,
    SessionApprovals,
)

Outcome = ReviewOutcome
PERSON, AUTOMATIC = "user", "auto_review"


class TurnStopped(Exception):
    """The turn was ended."""


class Bench:
    """Flows of one thread, a turn each, and whoever decides."""

    def __init__(self, reviewer: str, *outcomes: Outcome, ends_turn: bool = False) -> None:
        self.outcomes = list(outcomes)
        self.ends_turn = ends_turn
        self.asked: list[str] = []
        self.reviewed: list[str] = []
        self.waits: list[bool] = []
        self.accepted = SessionApprovals()
        clients = SimpleNamespace(ask_command=self._ask_person, ask_patch=self._ask_person)
        self.approver = ThreadApprover(
            thread_id="thread",
            clients=cast("Any", clients),
            subscribers=set(),
            choice=lambda: cast("Any", reviewer),
            on_waiting=lambda: self.waits.append(self.approver.waiting),
        )
        self.approver.automatic = cast("Any", SimpleNamespace(is_person=False, decide=self._review))
        self.flow = self.new_turn()

    def new_turn(self) -> ApprovalFlow:
        log = SimpleNamespace(started=lambda _: 1, completed=self._completed)
        return ApprovalFlow(
            turn_id="turn", approver=self.approver, accepted=self.accepted, log=cast("Any", log), stop_turn=self._stop
        )

    async def decide(self, question: ApprovalQuestion) -> ReviewDecision:
        await trio.lowlevel.checkpoint()
        self.asked.append(question.item_id)
        return ReviewDecision(outcome=self.outcomes.pop(0), ends_turn=self.ends_turn)

    async def _review(self, question: ApprovalQuestion) -> ReviewDecision:
        self.reviewed.append(question.item_id)
        return await self.decide(question)

    async def _ask_person(self, thread_id: str, question: ApprovalQuestion, followers: Any) -> ReviewDecision:
        return await self.decide(question)

    async def _completed(self, _item: Any) -> None:
        await trio.lowlevel.checkpoint()

    async def _stop(self) -> NoReturn:
        raise TurnStopped

    async def command(self, call_id: str, *, cwd: str = "/w") -> bool:
        """Return whether a command may run."""
        item = CommandExecution(
            id=call_id, command=["make"], cwd=f"file://{cwd}", parsed_cmd=[], source="agent", status="in_progress"
        )
        try:
            await self.flow.command(
                item, cwd=cwd, environment_id="local", reason=None, amendment=None, key=("make", cwd)
            )
        except ToolFailure:
            return False
        return True

    async def patch(self, call_id: str, paths: Sequence[str]) -> bool:
        """Return whether a patch may be applied."""
        question = PatchQuestion(
            turn_id="turn",
            item_id=call_id,
            started_ms=1,
            cwd="/w",
            environment_id="local",
            files=list(paths),
            places=list(paths),
            patch="",
        )
        try:
            await self.flow.patch(
                FileChange(id=call_id, changes={}, status="in_progress"),
                question,
                key=[("local", path) for path in paths],
            )
        except ToolFailure:
            return False
        return True


@pytest.mark.parametrize(
    ("reviewer", "outcomes", "asked"),
    [
        (PERSON, [Outcome.ACCEPTED_FOR_SESSION], ["c1"]),
        (PERSON, [Outcome.ACCEPTED, Outcome.ACCEPTED], ["c1", "c2"]),
        (PERSON, [Outcome.DECLINED, Outcome.ACCEPTED], ["c1", "c2"]),
        # An automatic reviewer never decides for later: what was fine once may not be after what came between.
        (AUTOMATIC, [Outcome.ACCEPTED, Outcome.ACCEPTED], ["c1", "c2"]),
        (AUTOMATIC, [Outcome.DECLINED, Outcome.ACCEPTED], ["c1", "c2"]),
    ],
)
async def test_the_same_is_asked_once_a_session_only_where_the_answer_says_so(
    reviewer: str, outcomes: list[Outcome], asked: list[str]
) -> None:
    bench = Bench(reviewer, *outcomes)
    ran = [await bench.command("c1")]
    bench.flow = bench.new_turn()
    ran.append(await bench.command("c2"))
    assert (bench.asked, ran) == (asked, [outcomes[0] is not Outcome.DECLINED, True])
    # Clients see a thread wait for a person alone.
    assert any(bench.waits) == (reviewer == PERSON)


@pytest.mark.parametrize("reviewer", [PERSON, AUTOMATIC])
async def test_another_folder_and_another_file_are_something_else(reviewer: str) -> None:
    bench = Bench(reviewer, *[Outcome.ACCEPTED_FOR_SESSION] * 2, Outcome.DECLINED, *[Outcome.ACCEPTED_FOR_SESSION] * 2)
    assert [await bench.command("c1"), await bench.command("c2", cwd="/x"), await bench.command("c3")] == [True] * 3
    assert not await bench.patch("p1", ["/a"])
    assert await bench.patch("p2", ["/a", "/b"])
    assert await bench.patch("p3", ["/b"])
    assert await bench.patch("p4", ["/b", "/c"])
    assert bench.asked == ["c1", "c2", "p1", "p2", "p4"]


@pytest.mark.parametrize("reviewer", [PERSON, AUTOMATIC])
async def test_a_decision_that_ends_the_turn_is_told_to_the_model_first_and_nothing_is_decided_after_it(
    reviewer: str,
) -> None:
    bench = Bench(reviewer, Outcome.DECLINED, Outcome.ACCEPTED, ends_turn=True)
    assert not await bench.command("c1")
    with pytest.raises(TurnStopped):
        await bench.command("c2")
    with pytest.raises(TurnStopped):
        await bench.flow.close_call()
    assert bench.asked == ["c1"]


async def test_a_turn_with_strict_reviews_has_everything_reviewed_and_no_person_asked() -> None:
    bench = Bench(PERSON, *[Outcome.ACCEPTED_FOR_SESSION] * 2, *[Outcome.ACCEPTED] * 2, *[Outcome.DECLINED] * 2)
    assert [await bench.command("c1"), await bench.patch("p1", ["/a"])] == [True] * 2
    bench.waits.clear()
    wanted = PermissionsQuestion(
        turn_id="turn", item_id="g", started_ms=1, cwd="/w", environment_id="local", reason=None, wanted=NOTHING
    )
    bench.flow.grant(wanted, PermissionGrant(strict_review=True))
    assert bench.flow.reviews_all
    assert [await bench.command("c2"), await bench.patch("p2", ["/a"])] == [True] * 2
    assert [await bench.command("c3"), await bench.patch("p3", ["/a"])] == [False] * 2
    assert bench.reviewed == ["c2", "p2", "c3", "p3"]
    assert not any(bench.waits)
    # What was accepted for the session counts again in the next turn.
    bench.accepted.granted.turn_ended("turn")
    assert await bench.command("c4")
    assert len(bench.asked) == 6


async def test_a_hook_that_allows_is_no_review_and_one_that_forbids_spares_it() -> None:
    bench = Bench(AUTOMATIC, Outcome.DECLINED)
    said = HookAnswer(allows=True)

    async def fire(*_: Any, **__: Any) -> Sequence[HookAnswer]:
        await trio.lowlevel.checkpoint()
        return [said]

    approver = HookedApprover(bench.approver, cast("Any", SimpleNamespace(fire=fire)))
    question = CommandQuestion(
        turn_id="turn",
        item_id="c",
        started_ms=1,
        command=["ls"],
        cwd="/",
        environment_id="local",
        parsed_cmd=[],
        reason=None,
        proposed_amendment=None,
    )
    assert (await approver.ask(question)).accepted
    assert not (await approver.review(question)).accepted
    assert bench.reviewed == ["c"]
    said = HookAnswer(block="no")
    assert (await approver.review(question)).reason == "no"
    assert bench.reviewed == ["c"]


async def test_a_rehearsal_lets_nothing_run() -> None:
    bench = Bench(PERSON)
    bench.flow.cleared()
    rehearsal = ApprovalFlow(
        turn_id="turn",
        approver=bench.approver,
        accepted=SessionApprovals(),
        log=cast("Any", None),
        stop_turn=cast("Any", None),
        rehearses=True,
    )
    with pytest.raises(Cleared):
        rehearsal.cleared()
