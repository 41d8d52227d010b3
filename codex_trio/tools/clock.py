"""The tools `clock.sleep` and `clock.curr_time`: waiting, and the time of day.

Owns how long a sleep may be. One ends early when the user says something.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import Other
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Namespace, Tool, ToolOffer
from codex_trio.util.bell import Bell

LONGEST_MS = 43_200_000
"""Twelve hours."""

SLEEP_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "sleep",
    "description": "Waits for so long, or until the user says something. Returns how long that was.",
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "duration_ms": {"type": "number", "description": f"How long to wait, in ms: 1 to {LONGEST_MS}."},
        },
        "required": ["duration_ms"],
        "additionalProperties": False,
    },
}

TIME_SPEC: dict[str, Any] = {
    "type": "function",
    "name": "curr_time",
    "description": "Returns the current time, in UTC.",
    "strict": False,
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
}


class SleepArguments(msgspec.Struct):
    """Arguments of `clock.sleep`."""

    duration_ms: float


class ClockTools:
    """Provides them to models that know them."""

    namespace = Namespace(name="clock", description="The time of day, and waiting.")

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        return [Sleep(offer.said_more), CurrentTime()] if "clock" in offer.model.extra_tools else ()


class Sleep:
    """Waits, visibly. `said_more` rings when the user says something meanwhile."""

    spec = SLEEP_SPEC
    parallel = True

    def __init__(self, said_more: Bell) -> None:
        self._said_more = said_more

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        duration = int(decode_arguments(call.arguments, SleepArguments).duration_ms)
        if not 1 <= duration <= LONGEST_MS:
            raise ToolFailure(f"duration_ms must be between 1 and {LONGEST_MS}")
        item = Other(raw={"type": "Sleep", "id": call.call_id, "duration_ms": duration})
        context.log.started(item)
        started = trio.current_time()
        try:
            with trio.move_on_after(duration / 1000) as waiting:
                await self._said_more.wait()
        finally:
            with trio.CancelScope(shield=True):
                await context.log.completed(item)
        how = "Sleep completed." if waiting.cancelled_caught else "Sleep interrupted by new input."
        return ToolOutput(content=f"Wall time: {trio.current_time() - started:.4f} seconds\n{how}")


class CurrentTime:
    """Tells the time."""

    spec = TIME_SPEC
    parallel = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        await trio.lowlevel.checkpoint()
        text = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
        return ToolOutput(content=text, value={"current_time": text})
