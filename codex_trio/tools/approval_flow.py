"""Asking before something runs: the thread waits for an answer, somebody decides, and it no longer waits.

Owns that order, what an answer means for the item that was asked about, and for the turn. Does not own the questions
and answers (tools/review.py), when to ask (execpolicy, tools/patch_policy.py) or who decides (`Approver`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import msgspec
import trio

from codex_trio.domain.items import CommandExecution, FileChange
from codex_trio.execpolicy.decision import rejected_for_model
from codex_trio.sandbox.additional import AdditionalPermissions
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.host_answers import HostAnswers
from codex_trio.tools.log import ItemLog
from codex_trio.tools.review import (
    ApprovalQuestion,
    Approver,
    CommandQuestion,
    HostQuestion,
    McpCallQuestion,
    PatchQuestion,
    PermissionGrant,
    PermissionsQuestion,
    PlaceKey,
    ReviewDecision,
    ReviewOutcome,
    SessionApprovals,
)

_END_SECONDS = 10.0


class Cleared(Exception):
    """A call that is rehearsed would run now."""


class ApprovalFlow:
    """The flow of approvals of one turn.

    `accepted` is what the user accepted for the session. `stop_turn` ends the turn as interrupted. One that `rehearses`
    lets nothing run.
    """

    def __init__(
        self,
        *,
        turn_id: str,
        approver: Approver,
        accepted: SessionApprovals,
        log: ItemLog,
        stop_turn: Callable[[], Awaitable[NoReturn]],
        rehearses: bool = False,
    ) -> None:
        self._turn_id = turn_id
        self._approver = approver
        self._accepted = accepted
        self._log = log
        self._stop_turn = stop_turn
        self._rehearses = rehearses
        self._ends_turn = False

    @asynccontextmanager
    async def asking(self, key: Hashable) -> AsyncGenerator[bool]:
        """Wait while the same is being asked, and let nobody else ask it within the block: one answer may do for all.

        Yields whether it was being asked. Reviews wait for nobody: none of them says anything of later ones.
        """
        if self.reviews_all:
            yield False
            return
        lock = self._accepted.asked_about(key)
        waits = lock.locked()
        async with lock:
            yield waits

    async def command(
        self,
        item: CommandExecution,
        *,
        cwd: str,
        environment_id: str,
        reason: str | None,
        amendment: list[str] | None,
        additional: AdditionalPermissions | None = None,
        key: tuple[str, ...],
        justification: str | None = None,
        escalated: bool = False,
        tty: bool = False,
    ) -> ReviewDecision | None:
        """Show a command and ask about it; return the answer, or None when an earlier one covers its key.

        Raises ToolFailure when it is not to run. `amendment` is the prefix that the user may allow for good.
        """
        if self._accepted.allows_command(key) and not self.reviews_all:
            return None
        answer = await self._decided_by(
            self._for(item.id),
            CommandQuestion(
                turn_id=self._turn_id,
                item_id=item.id,
                started_ms=self._log.started(item),
                command=item.command,
                cwd=cwd,
                environment_id=environment_id,
                parsed_cmd=item.parsed_cmd,
                reason=reason,
                proposed_amendment=amendment,
                justification=justification,
                escalated=escalated,
                tty=tty,
                additional=additional,
            ),
        )
        if not answer.accepted:
            failed = answer.outcome is ReviewOutcome.FAILED
            await self._log.completed(msgspec.structs.replace(item, status="failed" if failed else "declined"))
        await self._answered(item.id, answer)
        if not answer.accepted:
            raise ToolFailure(rejected_for_model(answer.reason))
        if answer.outcome is ReviewOutcome.ACCEPTED_FOR_SESSION:
            self._accepted.allow_command(key)
        return answer

    async def patch(self, item: FileChange, question: PatchQuestion, *, key: Sequence[PlaceKey]) -> None:
        """Ask about a patch that was shown, unless an earlier answer covers its key.

        Raises ToolFailure when it is not to be applied.
        """
        if self._accepted.allows_paths(key) and not self.reviews_all:
            return
        answer = await self._decided_by(self._for(item.id), question)
        await self._answered(item.id, answer)
        if not answer.accepted:
            await self._log.completed(msgspec.structs.replace(item, status="declined"))
            raise ToolFailure(f"patch {answer.reason}" if answer.reason.startswith("rejected") else answer.reason)
        if answer.outcome is ReviewOutcome.ACCEPTED_FOR_SESSION:
            self._accepted.allow_paths(key)

    @property
    def reviews_all(self) -> bool:
        """Whether every command and patch of the turn is to be reviewed first, though it would be allowed."""
        return self._accepted.granted.wants_review(self._turn_id)

    async def mcp_call(self, question: McpCallQuestion) -> ReviewDecision:
        """Ask about a call of a tool of an MCP server; who cancels that lets the turn go on."""
        self._approver.hold(question.item_id)
        try:
            return await self._ask(question)
        finally:
            self._approver.release(question.item_id)

    def cleared(self) -> None:
        """Say that a call is about to be carried out. Raises Cleared where it is not to be."""
        if self._rehearses:
            raise Cleared

    @property
    def hosts(self) -> HostAnswers[ReviewDecision]:
        """What was answered about hosts."""
        return self._accepted.hosts

    async def host(self, question: HostQuestion) -> ReviewDecision:
        """Ask about a host that a command wants to reach; not from within the call of a tool."""
        self._approver.hold(question.item_id)
        try:
            return await self._ask(question)
        finally:
            self._approver.release(question.item_id)

    async def host_answered(self, answer: ReviewDecision) -> None:
        """End the turn if the answer about a host said so: everybody who waited for it knows it by then."""
        if answer.outcome is ReviewOutcome.CANCELLED:
            # The command ends with the turn, and this with the command; one of an earlier turn goes on.
            with trio.move_on_after(_END_SECONDS):
                await self._stop_turn()

    async def close_call(self) -> None:
        """End the turn if a decision about one of its calls said so: the model has been told of that call."""
        if self._ends_turn:
            await self._stop_turn()

    def _for(self, item_id: str) -> Callable[[ApprovalQuestion], Awaitable[ReviewDecision]]:
        """Return who decides on a command or patch, for whom the thread waits from now on."""
        if self.reviews_all:
            return self._approver.review
        self._approver.hold(item_id)
        return self._approver.ask

    async def _ask(self, question: ApprovalQuestion) -> ReviewDecision:
        return await self._decided_by(self._approver.ask, question)

    async def _decided_by(
        self, decide: Callable[[ApprovalQuestion], Awaitable[ReviewDecision]], question: ApprovalQuestion
    ) -> ReviewDecision:
        # Nothing more is decided in a turn that is about to end.
        await self.close_call()
        answer = await decide(question)
        self._ends_turn = self._ends_turn or answer.ends_turn
        return answer

    async def permissions(self, question: PermissionsQuestion) -> PermissionGrant:
        """Ask for permissions; return the answer, which is yet to be held to what was asked for."""
        self._approver.hold(question.item_id)
        try:
            answer = await self._ask(question)
        finally:
            self._approver.release(question.item_id)
        if not answer.accepted:
            return PermissionGrant(refusal=answer.reason)
        return answer.grant or PermissionGrant(permissions=question.wanted)

    def grant(self, question: PermissionsQuestion, grant: PermissionGrant) -> None:
        """Let what was asked for be done from now on."""
        self._accepted.granted.add(question, grant)

    def granted(self, environment_id: str) -> AdditionalPermissions:
        """Return what was granted beyond the sandbox of an environment, and holds now."""
        return self._accepted.granted.of(self._turn_id, environment_id)

    async def _answered(self, item_id: str, answer: ReviewDecision) -> None:
        """Wait no longer, and end the turn where the user wants that."""
        self._approver.release(item_id)
        if answer.outcome is ReviewOutcome.CANCELLED:
            await self._stop_turn()
