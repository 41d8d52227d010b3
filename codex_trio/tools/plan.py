"""The `update_plan` tool: the model's running list of steps, shown to the user."""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.log import PlanStep

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "update_plan",
    "description": "Shows the user the plan you work by. Send every step each time; at most one is in_progress.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "explanation": {"type": "string", "description": "Why the plan changed, if it did."},
            "plan": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "step": {"type": "string", "description": "What is to be done."},
                        "status": {"type": "string", "enum": ["pending", "in_progress", "completed"]},
                    },
                    "required": ["step", "status"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["plan"],
        "additionalProperties": False,
    },
}


class UpdatePlanArguments(msgspec.Struct):
    """Arguments of `update_plan`."""

    plan: list[PlanStep]
    explanation: str | None = None


class UpdatePlan:
    """Tells the clients of the thread; the model only learns that it was heard."""

    spec = SPEC
    parallel = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, UpdatePlanArguments)
        context.log.plan_updated(arguments.explanation, arguments.plan)
        return ToolOutput(content="Plan updated")
