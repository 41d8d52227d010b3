"""What agents of one team say to one another: how it is worded, and how it reaches a thread whatever that does.

Owns the words that models know. Does not own who says what when (agents.py).
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import msgspec
import trio

from codex_trio.domain.agents import AgentStatus
from codex_trio.domain.ids import uuid7
from codex_trio.engine.history import message_item
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.session import TurnInProgress
from codex_trio.engine.session.task import TakesNoInput
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn_request import Remark, TurnRequest
from codex_trio.threads.agents.team import Member

_NOTHING_NEW = TurnOverrides()


class Cause(msgspec.Struct, frozen=True):
    """The turn on whose behalf something is said, and the first one of its chain."""

    turn_id: str | None
    root_turn_id: str | None


def cause_of(member: Member) -> Cause:
    """Return the turn that a thread is at."""
    active = member.live.session.active
    return Cause(None, None) if active is None else Cause(active.id, active.root_id)


class AlreadyAnswered:
    """In place of a client's request where there is none: nobody waits for an answer."""

    def __init__(self) -> None:
        self.answered = trio.Event()
        self.answered.set()

    def when_answered(self, callback: Any) -> None:
        callback()

    def leave_scope(self) -> None:
        """Do nothing: there is no scope."""


def notification(agent_id: str, status: AgentStatus) -> ResponseItem:
    """Return what a parent is told of an agent that has finished (`v1`)."""
    told = msgspec.json.encode({"agent_path": agent_id, "status": status.to_plain()}).decode()
    return message_item("user", [f"<subagent_notification>\n{told}\n</subagent_notification>"], item_id=uuid7())


def team_message(kind: str, *, author: str, recipient: str, text: str, is_sealed: bool) -> ResponseItem:
    """Return a message from one agent to another (`v2`); a model seals what it writes, if its provider has it so."""
    head = f"Message Type: {kind}\nTask name: {recipient}\nSender: {author}\nPayload:\n"
    content: list[dict[str, Any]] = (
        [{"type": "input_text", "text": head}, {"type": "encrypted_content", "encrypted_content": text}]
        if is_sealed
        else [{"type": "input_text", "text": head + text}]
    )
    return {
        "type": "agent_message",
        "id": f"amsg_{uuid7()}",
        "author": author,
        "recipient": recipient,
        "content": content,
    }


async def tell(member: Member, item: ResponseItem) -> None:
    """Let a thread's model read something: next, if it works, else when it does again.

    Raises RolloutReadError, RolloutWriteError.
    """
    await member.live.session.inject([item])
    member.mail_came()


async def tell_next(member: Member, item: ResponseItem) -> None:
    """The same; a turn that runs does not end before its model has read it."""
    await member.live.session.beside(partial(_remark, item=item), _NOTHING_NEW)
    member.mail_came()


async def _remark(context: TaskContext, item: ResponseItem) -> None:
    await context.remark(item)


async def give_task(member: Member, item: ResponseItem, cause: Cause) -> None:
    """Have a thread do something, in the turn that runs or in a new one, which is stored on return.

    Raises RolloutReadError, RolloutWriteError, RulesError, ShuttingDown.
    """
    session = member.live.session
    remark = Remark(item=item)
    request = TurnRequest(turn_id=uuid7(), input=remark, parent_turn_id=cause.turn_id, root_turn_id=cause.root_turn_id)
    answered = trio.Event()
    answered.set()
    while True:
        with contextlib.suppress(TakesNoInput):
            if session.add_input(remark, answered) is not None:
                member.mail_came()
                return
        await session.wait_for_turn()
        await member.live.prepare_turn()
        try:
            turn = member.live.launch_turn(request, _NOTHING_NEW, answer=None)
        except TurnInProgress:
            continue
        await turn.stored.wait()
        return
