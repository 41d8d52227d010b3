"""The tools for what a thread works towards: `create_goal`, `get_goal` and `update_goal`.

Owns what the model sends and is told. Does not own the goal (engine/goals): it is reached through a port.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.state.store.goals import Goal, GoalStatus
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

_STATUSES: dict[str, GoalStatus] = {"complete": "complete", "blocked": "blocked", "paused": "paused"}


def _spec(name: str, description: str, properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
    return {"type": "function", "name": name, "description": description, "strict": False, "parameters": parameters}


GET_SPEC = _spec(
    "get_goal",
    "Shows this thread's goal: its whole text, its status, and how many tokens and how much time it took so far.",
    {},
)
CREATE_SPEC = _spec(
    "create_goal",
    "Gives this thread a goal that is worked on, turn after turn, until it is reached. Only when the user, or whoever"
    " instructs you, asks for a goal in so many words: an ordinary task is none. Refused while there is one that is not"
    " complete.",
    {
        "objective": {"type": "string", "description": "What is to be reached, in full."},
        "token_budget": {
            "type": "integer",
            "description": "How many tokens it may take; only if a budget was asked for.",
        },
    },
    ["objective"],
)
UPDATE_SPEC = _spec(
    "update_goal",
    "Ends work on this thread's goal. `complete`: all of it is reached, you have checked that, and nothing is left to"
    " do. `blocked`: the same obstacle has stopped you in three turns in a row, and you can do nothing more without the"
    " user. `paused`: the user has told you to pause it.",
    {"status": {"type": "string", "enum": [*_STATUSES], "description": "What the goal is from now on."}},
    ["status"],
)

_COMPLETE_REPORT = (
    "The goal is reached. Tell the user what it took: of the goal above, tokensUsed of tokenBudget if there is a"
    " budget, and timeUsedSeconds, in words, if it is more than 0."
)


class GoalReport(msgspec.Struct, frozen=True, kw_only=True):
    """A thread's goal, as it is when a tool has been called."""

    thread_id: str
    goal: Goal | None


class GoalRefused(Exception):
    """What was asked of a goal cannot be; the message is meant for whoever asked, a client or a model."""


class GoalDesk(Protocol):
    """The goal of one thread. Its verbs raise GoalRefused, ThreadStoreError."""

    @property
    def problem(self) -> str | None:
        """Why goals cannot be kept now; None when they can."""
        ...

    async def look(self) -> GoalReport:
        """Return the goal, with all that was used up to now."""
        ...

    async def create(self, objective: str, token_budget: int | None) -> GoalReport:
        """Begin a goal where there is none, or in the place of one that is complete."""
        ...

    async def end(self, status: GoalStatus) -> GoalReport:
        """Work on the goal no longer, for that reason."""
        ...


class NoArguments(msgspec.Struct):
    """Arguments of `get_goal`."""


class CreateGoalArguments(msgspec.Struct):
    """Arguments of `create_goal`."""

    objective: str
    token_budget: int | None = None


class UpdateGoalArguments(msgspec.Struct):
    """Arguments of `update_goal`."""

    status: str


class GoalTools:
    """Provides them, unless goals cannot be kept."""

    namespace = None

    def __init__(self, desk: GoalDesk) -> None:
        self._desk = desk

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        if not offer.feature("goals") or self._desk.problem is not None:
            return []
        return [GetGoal(self._desk), CreateGoal(self._desk), UpdateGoal(self._desk)]


class _GoalTool:
    # They work on the same goal: one after the other, in the order of the calls.
    parallel = False

    def __init__(self, desk: GoalDesk) -> None:
        self._desk = desk


class GetGoal(_GoalTool):
    """Shows the goal."""

    spec = GET_SPEC

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        decode_arguments(call.arguments, NoArguments)
        try:
            return _told(await self._desk.look())
        except (GoalRefused, ThreadStoreError) as error:
            raise ToolFailure(str(error)) from error


class CreateGoal(_GoalTool):
    """Begins a goal."""

    spec = CREATE_SPEC

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, CreateGoalArguments)
        try:
            return _told(await self._desk.create(arguments.objective, arguments.token_budget))
        except (GoalRefused, ThreadStoreError) as error:
            raise ToolFailure(str(error)) from error


class UpdateGoal(_GoalTool):
    """Ends work on the goal."""

    spec = UPDATE_SPEC

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, UpdateGoalArguments)
        status = _STATUSES.get(arguments.status)
        if status is None:
            raise ToolFailure(
                "update_goal can only mark the existing goal complete, blocked, or paused at the user's explicit"
                " request; resume, budget-limited, and usage-limited status changes are controlled by the user or"
                " system"
            )
        try:
            return _told(await self._desk.end(status))
        except (GoalRefused, ThreadStoreError) as error:
            raise ToolFailure(str(error)) from error


def shown(goal: Goal, thread_id: str) -> dict[str, Any]:
    """Return a goal in the form that rollouts hold and models read."""
    return {
        "threadId": thread_id,
        "objective": goal.objective,
        "status": goal.status,
        **({} if goal.token_budget is None else {"tokenBudget": goal.token_budget}),
        "tokensUsed": goal.tokens_used,
        "timeUsedSeconds": goal.time_used_ms // 1000,
        "createdAt": goal.created_at_ms // 1000,
        "updatedAt": goal.updated_at_ms // 1000,
    }


def _told(report: GoalReport) -> ToolOutput:
    goal = report.goal
    told = {
        "goal": None if goal is None else shown(goal, report.thread_id),
        "remainingTokens": None if goal is None else goal.remaining,
        "completionBudgetReport": _COMPLETE_REPORT if goal is not None and goal.status == "complete" else None,
    }
    return ToolOutput(content=msgspec.json.encode(told).decode())
