"""Who decides on approval requests of a thread, and which answers of people the thread waits for.

Owns the choice between a person and the automatic reviewer, and asking people. Does not own the words of questions (the
clients' port), the automatic reviewer (`threads/guardian`), or what an answer leads to (the tools). One for each loaded
thread; implements the engine's `Approver`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from codex_trio.config.settings import ApprovalsReviewer
from codex_trio.threads.clients import ClientId, ThreadClients
from codex_trio.threads.mcp_approvals import decision_of, elicitation_of
from codex_trio.tools.review import (
    ApprovalQuestion,
    CommandQuestion,
    HostQuestion,
    McpCallQuestion,
    PatchQuestion,
    PermissionsQuestion,
    ReviewDecision,
    ReviewOutcome,
)
from codex_trio.tools.user_input import Answers, UserQuestions

NO_REVIEWER = "rejected: no reviewer is available"


class Reviewer(Protocol):
    """Somebody who decides on approval requests. Clients see that a thread waits for a person, and for nobody else."""

    is_person: bool

    async def decide(self, question: ApprovalQuestion) -> ReviewDecision:
        """Return the decision. Whoever waits for it may be cancelled; the question is then void."""
        ...


class Person(Reviewer):
    """Whoever is there among the followers of a thread; the first answer counts."""

    is_person = True

    def __init__(self, thread_id: str, clients: ThreadClients, followers: set[ClientId]) -> None:
        self._thread_id = thread_id
        self._clients = clients
        self._followers = followers

    async def decide(self, question: ApprovalQuestion) -> ReviewDecision:
        match question:
            case CommandQuestion() | HostQuestion():
                return await self._clients.ask_command(self._thread_id, question, self._followers)
            case PatchQuestion():
                return await self._clients.ask_patch(self._thread_id, question, self._followers)
            case PermissionsQuestion():
                return await self._clients.ask_permissions(self._thread_id, question, self._followers)
            case McpCallQuestion():
                answer = await self._clients.elicit(self._thread_id, elicitation_of(question), self._followers)
                return decision_of(answer)
            case _:
                raise TypeError(f"no client can be asked about a {type(question).__name__}")


class ThreadApprover:
    """Asks for one thread. `on_waiting` is called whenever the thread begins or ceases to wait for a person.

    `choice` tells who is to decide. Questions for the automatic reviewer must not go to the client, who relies on being
    spared and may accept anything: without such a reviewer they are declined.
    """

    def __init__(
        self,
        *,
        thread_id: str,
        clients: ThreadClients,
        subscribers: set[ClientId],
        choice: Callable[[], ApprovalsReviewer],
        on_waiting: Callable[[], None],
    ) -> None:
        self.automatic: Reviewer | None = None
        """The automatic reviewer, once the thread has one."""
        self._person = Person(thread_id, clients, subscribers)
        self._thread_id = thread_id
        self._clients = clients
        self._subscribers = subscribers
        self._choice = choice
        self._on_waiting = on_waiting
        self._held: set[str] = set()
        self._asked: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether the thread waits for a person's answer."""
        return bool(self._held)

    @property
    def asks_user(self) -> bool:
        """Whether the thread's model waits for the user's answer."""
        return bool(self._asked)

    def hold(self, item_id: str) -> None:
        reviewer = self._reviewer
        if reviewer is not None and reviewer.is_person:
            self.wait_for_person(item_id)

    def wait_for_person(self, name: str) -> None:
        """Have the thread wait for what a person is asked, whoever decides on approvals."""
        self._held.add(name)
        self._on_waiting()

    def release(self, item_id: str) -> None:
        self._held.discard(item_id)
        self._on_waiting()

    def turn_ended(self) -> None:
        """Wait for nothing any more, and tell clients that open questions are void."""
        self._held.clear()
        self._asked.clear()
        self._clients.withdraw_questions(self._thread_id)

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        return await _decision(self._reviewer, question)

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        return await _decision(self.automatic, question)

    @property
    def _reviewer(self) -> Reviewer | None:
        return self._person if self._choice() == "user" else self.automatic

    async def ask_user(self, questions: UserQuestions) -> Answers:
        """Ask what the model wants to know; nothing is answered when no client does, or the turn ends."""
        self._asked.add(questions.item_id)
        self._on_waiting()
        try:
            return await self._clients.ask_user(self._thread_id, questions, self._subscribers)
        finally:
            self._asked.discard(questions.item_id)
            self._on_waiting()


async def _decision(reviewer: Reviewer | None, question: ApprovalQuestion) -> ReviewDecision:
    if reviewer is None:
        return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason=NO_REVIEWER)
    return await reviewer.decide(question)
