"""What the user is asked in a turn: in which order that is seen, what the answer leads to, and what it covers later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import trio
from session_lab import PATIENCE, Bench, Response, call, completed, open_session, outputs, says, told
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.engine import events
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.events import OutputItemDone
from codex_trio.sandbox.policy import ReadOnly
from codex_trio.tools.review import HostAmendment, ReviewDecision, ReviewOutcome

ASKS = TurnOverrides(approval_policy="untrusted", sandbox_policy=ReadOnly())


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other."""
    return MockClock(rate=1.0)


def command(call_id: str) -> OutputItemDone:
    return call("exec_command", call_id, {"cmd": "make it"})


def patch(call_id: str, path: str = "f") -> OutputItemDone:
    return call("apply_patch", call_id, {"input": f"*** Begin Patch\n*** Add File: {path}\n+x\n*** End Patch"})


def answers(*outcomes: ReviewOutcome) -> list[ReviewDecision]:
    return [ReviewDecision(outcome=outcome) for outcome in outcomes]


def last_outputs(bench: Bench) -> list[str]:
    return [output for _, output in outputs(bench.client.requests[-1])]


def statuses(bench: Bench) -> list[str]:
    return [event.item.status for event in bench.heard.of(events.ItemCompleted) if hasattr(event.item, "status")]


Asking: TypeAlias = Callable[[str], OutputItemDone]


@pytest.mark.parametrize(
    ("asking", "order"),
    [(command, ["hold", "shown, ask", "over, release"]), (patch, ["shown, hold", "shown, ask", "release"])],
)
async def test_what_is_declined_is_held_asked_about_and_released_and_does_not_run(
    tmp_path: Path, clock: MockClock, asking: Asking, order: list[str]
) -> None:
    responses: list[Response] = [[asking("c"), completed()], says("well")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = answers(ReviewOutcome.DECLINED)
        assert (await bench.run("go", ASKS)).status == "completed"
    assert bench.approver.notes == order
    assert statuses(bench) == ["declined"]
    (output,) = last_outputs(bench)
    assert "rejected by user" in output
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("asking", [command, patch])
async def test_an_answer_that_is_no_decision_lets_nothing_run(tmp_path: Path, clock: MockClock, asking: Asking) -> None:
    responses: list[Response] = [[asking("c"), completed()], says("well")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = [ReviewDecision(outcome=ReviewOutcome.FAILED, reason="approval request failed")]
        assert (await bench.run("go", ASKS)).status == "completed"
    assert bench.approver.notes[-1].endswith("release")
    assert statuses(bench) == ["failed" if asking is command else "declined"]
    assert "approval request failed" in last_outputs(bench)[0]
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("asking", [command, patch])
async def test_who_cancels_a_question_stops_the_turn(tmp_path: Path, clock: MockClock, asking: Asking) -> None:
    responses: list[Response] = [[asking("c"), completed()], says("again")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = answers(ReviewOutcome.CANCELLED)
        assert (await bench.run("go", ASKS)).status == "interrupted"
        assert bench.approver.notes[-1].endswith("release")
        await bench.run("go on")
    assert [output.splitlines()[-1] for output in last_outputs(bench)] == ["aborted by user"]
    assert not (tmp_path / "f").exists()


async def test_a_rule_about_a_host_is_none_about_a_command_and_that_is_told(tmp_path: Path, clock: MockClock) -> None:
    rule = HostAmendment("a.test", allows=True)
    accepted = ReviewDecision(outcome=ReviewOutcome.ACCEPTED_WITH_AMENDMENT, host_amendment=rule)
    async with open_session(tmp_path, clock, responses=[[command("c"), completed()], says("well")]) as bench:
        bench.approver.decisions = [accepted]
        await bench.run("go", ASKS)
        warnings = [warning.message for warning in bench.heard.of(events.ThreadWarning)]
    assert warnings == ["The answer about a command has a rule about a host, which was not saved."]
    assert statuses(bench) == ["completed"]


async def test_a_patch_that_is_accepted_is_written(tmp_path: Path, clock: MockClock) -> None:
    responses: list[Response] = [[patch("p"), completed()], says("well")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = answers(ReviewOutcome.ACCEPTED)
        await bench.run("go", ASKS)
    assert (tmp_path / "f").read_text() == "x\n"
    assert statuses(bench) == ["completed"]
    (question,) = bench.approver.questions
    (started,) = (event for event in bench.heard.of(events.ItemStarted) if event.item.id == "p")
    assert (question.item_id, question.started_ms) == ("p", started.started_ms)


async def test_files_that_are_accepted_for_the_session_are_not_asked_about_again_but_others_are(
    tmp_path: Path, clock: MockClock
) -> None:
    again = call("apply_patch", "p2", {"input": "*** Begin Patch\n*** Delete File: f\n*** End Patch"})
    responses: list[Response] = [
        [patch("p1"), completed()],
        [again, completed()],
        says("well"),
        [patch("p3", "g"), completed()],
        says("well"),
    ]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = answers(ReviewOutcome.ACCEPTED_FOR_SESSION, ReviewOutcome.DECLINED)
        await bench.run("go", ASKS)
        await bench.run("go on")
    assert [question.item_id for question in bench.approver.questions] == ["p1", "p3"]
    assert statuses(bench) == ["completed", "completed", "declined"]
    assert not (tmp_path / "f").exists()


async def test_a_call_that_waits_for_an_answer_ends_with_its_turn(tmp_path: Path, clock: MockClock) -> None:
    async with open_session(tmp_path, clock, responses=[[command("c"), completed()]]) as bench:
        turn = bench.begin("go", ASKS)
        await bench.approver.asked.wait()
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
    # Whoever asks withdraws the question when the turn is over.
    assert bench.approver.notes == ["hold", "shown, ask"]


SESSION, ONCE, NO = ReviewOutcome.ACCEPTED_FOR_SESSION, ReviewOutcome.ACCEPTED, ReviewOutcome.DECLINED
FOR_GOOD = ReviewDecision(outcome=ReviewOutcome.ACCEPTED_WITH_AMENDMENT, amendment=["make", "it"])
FOR_OTHERS = ReviewDecision(outcome=ReviewOutcome.ACCEPTED_WITH_AMENDMENT, amendment=["ls"])


async def end_of_all_at_once(bench: Bench) -> events.TurnEnded:
    """Have a turn's calls made before the first question is answered."""
    bench.approver.may_answer = trio.Event()
    turn = bench.begin("go", ASKS)
    await bench.approver.asked.wait()
    await wait_all_tasks_blocked()
    bench.approver.may_answer.set()
    return await bench.end_of(turn)


@pytest.mark.parametrize(
    ("decisions", "asked"),
    [
        (answers(SESSION), 1),
        ([FOR_GOOD], 1),
        (answers(NO, SESSION), 2),
        (answers(ONCE, ONCE, NO), 3),
        (answers(ReviewOutcome.FAILED, ONCE, SESSION), 3),
        # What is allowed for good is something else.
        ([FOR_OTHERS, *answers(SESSION)], 2),
    ],
)
async def test_the_same_command_several_times_at_once_is_asked_about_once_where_the_answer_covers_all(
    tmp_path: Path, clock: MockClock, decisions: list[ReviewDecision], asked: int
) -> None:
    calls = [command(f"c{number}") for number in range(3)]
    responses: list[Response] = [[*calls, completed()], says("well"), [command("c3"), completed()], says("well")]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = [*decisions]
        assert (await end_of_all_at_once(bench)).status == "completed"
        assert len(bench.approver.questions) == asked
        ran = sum("rejected" not in output and "failed" not in output for output in last_outputs(bench))
        assert ran == 3 - sum(not decision.accepted for decision in decisions)
        # Nobody is still taken for one who asks.
        bench.approver.decisions = answers(ONCE)
        assert (await bench.run("go", ASKS)).status == "completed"


async def test_commands_that_differ_wait_for_no_answer_but_their_own(tmp_path: Path, clock: MockClock) -> None:
    other = call("exec_command", "other", {"cmd": "make it", "workdir": "/"})
    responses: list[Response] = [[command("c0"), other, command("c1"), completed()]]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        turn = bench.begin("go", ASKS)
        with trio.fail_after(PATIENCE):
            while len(bench.approver.questions) < 2:
                await trio.lowlevel.checkpoint()
        await wait_all_tasks_blocked()
        assert {question.item_id for question in bench.approver.questions} in ({"c0", "other"}, {"c1", "other"})
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
        assert len(bench.approver.questions) == 2


async def test_who_cancels_a_question_is_not_asked_the_same_for_a_call_that_waited(
    tmp_path: Path, clock: MockClock
) -> None:
    responses: list[Response] = [
        [command("c0"), command("c1"), completed()],
        [command("c2"), completed()],
        says("well"),
    ]
    async with open_session(tmp_path, clock, responses=responses) as bench:
        bench.approver.decisions = answers(ReviewOutcome.CANCELLED)
        assert (await end_of_all_at_once(bench)).status == "interrupted"
        assert len(bench.approver.questions) == 1
        bench.approver.decisions = answers(ONCE)
        assert (await bench.run("go on", ASKS)).status == "completed"
        assert len(bench.approver.questions) == 2
