"""Who is asked for approvals of a thread, and what the thread waits for."""

from typing import Any, cast

import pytest
from thread_lab import NotingClients

from codex_trio.threads.approvals import NO_REVIEWER, ThreadApprover
from codex_trio.tools.review import ReviewDecision, ReviewOutcome

ACCEPTED = ReviewDecision(outcome=ReviewOutcome.ACCEPTED)


class Clients(NotingClients):
    """Clients who accept everything."""

    async def ask_command(self, thread_id: str, question: Any, followers: Any) -> ReviewDecision:
        self.told.append(("command", (thread_id, question, set(followers))))
        return ACCEPTED

    async def ask_patch(self, thread_id: str, question: Any, followers: Any) -> ReviewDecision:
        self.told.append(("patch", (thread_id, question, set(followers))))
        return ACCEPTED


class Asked:
    """An approver and what became of its questions."""

    def __init__(self) -> None:
        self.clients = Clients()
        self.reviewer = "user"
        self.waited: list[bool] = []
        self.approver = ThreadApprover(
            thread_id="thread",
            clients=cast("Any", self.clients),
            subscribers={1, 2},
            reviewer=lambda: cast("Any", self.reviewer),
            on_waiting=lambda: self.waited.append(self.approver.waiting),
        )


@pytest.mark.parametrize("kind", ["command", "patch"])
async def test_the_followers_of_the_thread_are_asked(kind: str) -> None:
    asked, question = Asked(), cast("Any", object())
    assert await getattr(asked.approver, f"ask_{kind}")(question) is ACCEPTED
    assert asked.clients.of(kind) == [("thread", question, {1, 2})]


@pytest.mark.parametrize("kind", ["command", "patch"])
async def test_nobody_is_asked_what_a_reviewer_was_to_decide_and_the_reason_is_told(kind: str) -> None:
    asked = Asked()
    asked.reviewer = "auto_review"
    decision = await getattr(asked.approver, f"ask_{kind}")(cast("Any", object()))
    assert decision.outcome == ReviewOutcome.DECLINED
    assert asked.clients.told == [("no_reviewer", NO_REVIEWER)]


def test_the_thread_waits_until_all_that_it_holds_is_released() -> None:
    asked = Asked()
    asked.approver.hold("one")
    asked.approver.hold("two")
    asked.approver.release("one")
    asked.approver.release("one")
    asked.approver.release("two")
    assert asked.waited == [True, True, True, True, False]


def test_at_the_end_of_a_turn_questions_are_void() -> None:
    asked = Asked()
    asked.approver.hold("one")
    asked.approver.turn_ended()
    assert not asked.approver.waiting
    assert asked.clients.told == [("withdrawn", "thread")]
