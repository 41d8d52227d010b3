"""Who is asked for approvals of a thread, and what the thread waits for."""

from typing import Any, cast

import pytest
from thread_lab import NotingClients

from codex_trio.sandbox.additional import AdditionalPermissions
from codex_trio.threads.approvals import NO_REVIEWER, ThreadApprover
from codex_trio.tools.mcp_questions import McpAnswer
from codex_trio.tools.review import (
    CommandQuestion,
    McpCallQuestion,
    PatchQuestion,
    PermissionsQuestion,
    ReviewDecision,
    ReviewOutcome,
)

ACCEPTED = ReviewDecision(outcome=ReviewOutcome.ACCEPTED)


class Clients(NotingClients):
    """Clients who accept everything."""

    async def ask_command(self, thread_id: str, question: Any, followers: Any) -> ReviewDecision:
        self.told.append(("command", (thread_id, question, set(followers))))
        return ACCEPTED

    async def ask_patch(self, thread_id: str, question: Any, followers: Any) -> ReviewDecision:
        self.told.append(("patch", (thread_id, question, set(followers))))
        return ACCEPTED

    async def ask_permissions(self, thread_id: str, question: Any, followers: Any) -> ReviewDecision:
        self.told.append(("permissions", (thread_id, question, set(followers))))
        return ACCEPTED

    async def elicit(self, thread_id: str, question: Any, followers: Any) -> McpAnswer:
        self.told.append(("mcp", (thread_id, question.message, set(followers))))
        return McpAnswer(action="accept", meta={"persist": "session"})


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
            choice=lambda: cast("Any", self.reviewer),
            on_waiting=lambda: self.waited.append(self.approver.waiting),
        )


PLACE: Any = {"turn_id": "t", "item_id": "i", "started_ms": 1}
QUESTIONS = [
    CommandQuestion(
        **PLACE, command=["ls"], cwd="/", environment_id="local", parsed_cmd=[], reason=None, proposed_amendment=None
    ),
    PatchQuestion(**PLACE, cwd="/", environment_id="local", files=["/f"], places=["/f"], patch=""),
    McpCallQuestion(**PLACE, server="s", tool="t", title=None, description="", annotations={}, arguments={}),
    PermissionsQuestion(
        **PLACE, cwd="/", environment_id="local", reason=None, wanted=AdditionalPermissions(network=True)
    ),
]


@pytest.mark.parametrize(
    ("question", "kind"), [*zip(QUESTIONS, ("command", "patch", "mcp", "permissions"), strict=True)]
)
async def test_the_followers_of_the_thread_are_asked(question: Any, kind: str) -> None:
    asked = Asked()
    assert (await asked.approver.ask(question)).accepted
    [(thread_id, _, followers)] = asked.clients.of(kind)
    assert (thread_id, followers) == ("thread", {1, 2})


async def test_who_allows_a_tool_for_the_session_allows_later_calls_too() -> None:
    decision = await Asked().approver.ask(QUESTIONS[2])
    assert decision.outcome is ReviewOutcome.ACCEPTED_FOR_SESSION


@pytest.mark.parametrize("question", QUESTIONS)
async def test_nobody_is_asked_what_a_reviewer_was_to_decide_where_there_is_none(question: Any) -> None:
    asked = Asked()
    asked.reviewer = "auto_review"
    asked.approver.hold("i")
    decision = await asked.approver.ask(question)
    assert (decision.outcome, decision.reason) == (ReviewOutcome.DECLINED, NO_REVIEWER)
    assert asked.clients.told == []
    # Nobody is seen to wait for a person.
    assert not asked.approver.waiting


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
