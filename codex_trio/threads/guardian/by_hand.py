"""What clients do about automatic reviews themselves: have the last call judged, and allow what was refused.

Protocol source: `thread/guardianReview` and `thread/approveGuardianDeniedAction`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec
import trio

from codex_trio.domain.approval_reviews import Assessment
from codex_trio.domain.ids import uuid7
from codex_trio.engine.guardian.denials import BadDenial, approval_text, denied_action
from codex_trio.engine.history import message_item
from codex_trio.engine.response import call_of
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import TurnOverrides
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.guardian.reviewer import AutomaticReviewer
from codex_trio.threads.live import LiveThread
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.rehearsal import UNAVAILABLE, question_about
from codex_trio.tools.review import ApprovalQuestion

_WANTED = "plaintext exec_command, apply_patch, request_permissions, or MCP call"
_CALLS = ("function_call", "custom_tool_call")


class LastCall(msgspec.Struct, frozen=True):
    """The call that was judged; the assessment is None where nobody would have to approve it."""

    call_id: str
    assessment: Assessment | None


async def judge_last_call(live: LiveThread) -> LastCall:
    """Have the last call in a thread's history reviewed, without running it. Raises ThreadError, ReviewFailed."""
    if live.runs_turn:
        raise ThreadError("a turn is in progress: its calls are reviewed as they come")
    item = _last_call(await live.session.model_items())
    reviewer = live.approver.automatic
    if not isinstance(reviewer, AutomaticReviewer):
        raise ThreadError(UNAVAILABLE)

    async def rehearse(context: TaskContext) -> ApprovalQuestion | None:
        call = call_of(item, item)
        log = context.log(uuid7(), emit=lambda _: None)
        return await question_about(call, context.tools().find(call), context.tool_context(log, _never))

    try:
        question = await live.session.beside(rehearse, TurnOverrides())
    except ToolFailure as failure:
        raise ThreadError(UNAVAILABLE if str(failure).startswith("unsupported ") else str(failure)) from failure
    assessment = None if question is None else await reviewer.assess(question, attempts=1)
    return LastCall(item["call_id"], assessment)


async def allow_denied(live: LiveThread, event: Any) -> None:
    """Tell a thread's model that the user allows what was refused. Raises ThreadError, RolloutWriteError."""
    try:
        action = denied_action(event, live.id)
    except BadDenial as error:
        raise ThreadError(f"invalid Guardian denial event: {error}") from error
    if action is not None:
        await live.inject([message_item("developer", [approval_text(action)], item_id=uuid7())])


def _last_call(items: Sequence[ResponseItem]) -> ResponseItem:
    if not items:
        raise ThreadError(f"expected a final {_WANTED}")
    item = items[-1]
    if item["type"] not in _CALLS or not item.get("call_id"):
        raise ThreadError(f"expected a completed {_WANTED} with a nonempty call ID")
    return item


async def _never() -> NoReturn:
    await trio.sleep_forever()
    raise AssertionError("unreachable")
