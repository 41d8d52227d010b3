"""The tools `get_context_remaining` and `new_context`: how much more a model can read, and beginning afresh.

Owns what they say. Does not own how much room there is, nor what a history begins with (the engine).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from codex_trio.tools.calls import ToolCall, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import ContextWindow, Tool, ToolOffer

FEATURE = "token_budget"


def _spec(name: str, description: str) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "description": description,
        "strict": False,
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    }


class ContextWindowTools:
    """Provides them, where the user has switched them on."""

    namespace = None

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        if offer.window is None or not offer.feature(FEATURE):
            return ()
        return [NewContext(offer.window), ContextRemaining(offer.window)]


class ContextRemaining:
    """Tells how many tokens are left."""

    spec = _spec("get_context_remaining", "Returns how many tokens are left in the current context window.")
    parallel = True

    def __init__(self, window: ContextWindow) -> None:
        self._window = window

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        await trio.lowlevel.checkpoint()
        left = max(0, self._window.left())
        # Models know this text (0.171.0).
        text = f"You have {left} tokens left in this context window."
        return ToolOutput(content=text, value={"tokens_left": left})


class NewContext:
    """Lets the model forget what it has read and done so far."""

    spec = _spec(
        "new_context",
        "Begins a new context window: all that you have read, said and done in this one is forgotten, without a "
        "summary, but for what the user said. Files and running commands stay as they are. Write down first what you "
        "will need.",
    )
    parallel = True

    def __init__(self, window: ContextWindow) -> None:
        self._window = window

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        await trio.lowlevel.checkpoint()
        self._window.renew()
        return ToolOutput(content="A new context window begins with your next response.")
