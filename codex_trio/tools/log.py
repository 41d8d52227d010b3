"""Where a tool shows what it does.

Owns the protocol and the plan step. Does not own storage or delivery: the engine implements `ItemLog`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from codex_trio.domain.items import TurnItem


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the plan that the model keeps."""

    step: str
    status: Literal["pending", "in_progress", "completed"]


class ItemLog(Protocol):
    """Where a tool shows what it does; items are on disk before a client hears that they are complete."""

    def started(self, item: TurnItem) -> int:
        """Show an item that is under way; return when that was (Unix milliseconds)."""
        ...

    async def completed(self, item: TurnItem) -> None:
        """Store and show an item that is final."""
        ...

    async def output_delta(self, item_id: str, text: str) -> None:
        """Show more output of a command, and wait while clients are far behind."""
        ...

    def progress(self, item_id: str, message: str) -> None:
        """Show how far a call of an MCP server's tool is."""
        ...

    def terminal_interaction(self, item_id: str, process_id: str, stdin: str) -> None:
        """Show that the model wrote to a running command, or looked at it (empty `stdin`)."""
        ...

    def diff_updated(self) -> None:
        """Show the turn's diff as it is now."""
        ...

    def plan_updated(self, explanation: str | None, steps: Sequence[PlanStep]) -> None:
        """Show the model's plan."""
        ...

    async def context_message(self, text: str) -> None:
        """Add a developer message to the model's history."""
        ...

    def warning(self, message: str) -> None:
        """Tell the user of something that went wrong without stopping the turn."""
        ...
