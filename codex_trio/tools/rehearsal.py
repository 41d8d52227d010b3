"""Finding out what would have to be approved before a call runs, without running it.

Owns the stand-ins for those who would be asked and told. Does not own when a tool asks (the tools): they say of a call
that it is cleared before they carry it out, and here that is where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import msgspec
import trio

from codex_trio.domain.items import TurnItem
from codex_trio.tools.approval_flow import ApprovalFlow, Cleared
from codex_trio.tools.calls import ToolCall, ToolFailure
from codex_trio.tools.context import ToolContext
from codex_trio.tools.hooked import HookedTool
from codex_trio.tools.log import PlanStep
from codex_trio.tools.registry import Tool
from codex_trio.tools.review import ApprovalQuestion, ReviewDecision, SessionApprovals
from codex_trio.util.clock import now_ms

UNAVAILABLE = "the requested tool is unavailable on this thread"
_NAMES = frozenset({"exec_command", "apply_patch", "request_permissions"})
_MCP = "mcp__"


async def question_about(call: ToolCall, tool: Tool, context: ToolContext) -> ApprovalQuestion | None:
    """Return what would be asked; None when the call would run at once.

    Raises ToolFailure when it would not run at all, or its tool is none of those that can be rehearsed.
    """
    if call.name not in _NAMES and not (call.namespace or "").startswith(_MCP):
        raise ToolFailure(UNAVAILABLE)
    log = _Silent()
    approvals = ApprovalFlow(
        turn_id=context.turn_id,
        approver=_Asked(),
        accepted=SessionApprovals(),
        log=log,
        stop_turn=_never,
        rehearses=True,
    )
    # What the user's hooks do is no part of it.
    plain = tool.tool if isinstance(tool, HookedTool) else tool
    try:
        await plain.run(call, msgspec.structs.replace(context, log=log, approvals=approvals))
    except _Question as asked:
        return asked.question
    except Cleared:
        pass
    return None


class _Question(Exception):
    def __init__(self, question: ApprovalQuestion) -> None:
        super().__init__()
        self.question = question


class _Asked:
    """Hands over the question."""

    def hold(self, item_id: str) -> None:
        pass

    def release(self, item_id: str) -> None:
        pass

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        await trio.lowlevel.checkpoint()
        raise _Question(question)

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        return await self.ask(question)


class _Silent:
    """Shows nothing and keeps nothing."""

    def started(self, item: TurnItem) -> int:
        return now_ms()

    async def completed(self, item: TurnItem) -> None:
        await trio.lowlevel.checkpoint()

    async def output_delta(self, item_id: str, text: str) -> None:
        await trio.lowlevel.checkpoint()

    def progress(self, item_id: str, message: str) -> None:
        pass

    def terminal_interaction(self, item_id: str, process_id: str, stdin: str) -> None:
        pass

    def diff_updated(self) -> None:
        pass

    def plan_updated(self, explanation: str | None, steps: Sequence[PlanStep]) -> None:
        pass

    async def context_message(self, text: str) -> None:
        await trio.lowlevel.checkpoint()

    def warning(self, message: str) -> None:
        pass


async def _never() -> NoReturn:
    raise AssertionError("a rehearsal ends no turn")
