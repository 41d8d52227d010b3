"""Asking the clients of a thread, and taking the first answer.

Owns which items the thread waits for, and who may be asked. Does not own the words of questions (the clients' port) or
what an answer leads to (the tools). One for each loaded thread; implements the engine's `Approver`.
"""

from __future__ import annotations

from collections.abc import Callable

from codex_trio.config.settings import ApprovalsReviewer
from codex_trio.threads.clients import ClientId, ThreadClients
from codex_trio.tools.review import CommandQuestion, PatchQuestion, ReviewDecision, ReviewOutcome
from codex_trio.tools.user_input import Answers, UserQuestions

NO_REVIEWER = (
    "Approvals of this thread go to an automatic reviewer, which this server does not have yet: what needs an approval "
    "is declined. Set approvalsReviewer to `user` to be asked."
)


class ThreadApprover:
    """Asks for one thread. `on_waiting` is called whenever the thread begins or ceases to wait.

    `reviewer` tells who is to answer. Questions for the automatic reviewer must not go to the client, who relies on
    being spared and may accept anything: without such a reviewer they are declined.
    """

    def __init__(
        self,
        *,
        thread_id: str,
        clients: ThreadClients,
        subscribers: set[ClientId],
        reviewer: Callable[[], ApprovalsReviewer],
        on_waiting: Callable[[], None],
    ) -> None:
        self._thread_id = thread_id
        self._clients = clients
        self._subscribers = subscribers
        self._reviewer = reviewer
        self._on_waiting = on_waiting
        self._held: set[str] = set()
        self._asked: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether the thread waits for an answer."""
        return bool(self._held)

    @property
    def asks_user(self) -> bool:
        """Whether the thread's model waits for the user's answer."""
        return bool(self._asked)

    def hold(self, item_id: str) -> None:
        self._held.add(item_id)
        self._on_waiting()

    def release(self, item_id: str) -> None:
        self._held.discard(item_id)
        self._on_waiting()

    def turn_ended(self) -> None:
        """Wait for nothing any more, and tell clients that open questions are void."""
        self._held.clear()
        self._asked.clear()
        self._clients.withdraw_questions(self._thread_id)

    async def ask_command(self, question: CommandQuestion) -> ReviewDecision:
        if not self.may_ask_user():
            return _declined()
        return await self._clients.ask_command(self._thread_id, question, self._subscribers)

    async def ask_patch(self, question: PatchQuestion) -> ReviewDecision:
        if not self.may_ask_user():
            return _declined()
        return await self._clients.ask_patch(self._thread_id, question, self._subscribers)

    async def ask_user(self, questions: UserQuestions) -> Answers:
        """Ask what the model wants to know; nothing is answered when no client does, or the turn ends."""
        self._asked.add(questions.item_id)
        self._on_waiting()
        try:
            return await self._clients.ask_user(self._thread_id, questions, self._subscribers)
        finally:
            self._asked.discard(questions.item_id)
            self._on_waiting()

    def may_ask_user(self) -> bool:
        """Return whether the user is to answer; tells why nobody does otherwise."""
        if self._reviewer() == "user":
            return True
        self._clients.tell_no_reviewer(self._thread_id, NO_REVIEWER, self._subscribers)
        return False


def _declined() -> ReviewDecision:
    return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason="rejected: no reviewer is available")
