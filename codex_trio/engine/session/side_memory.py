"""What a model remembers that works for another one: nothing of it is stored, but for what clients see of the work.

Owns which lines those are. Does not own the work (engine/tasks).
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from codex_trio.domain.items import AgentMessage
from codex_trio.engine.session.memory import Memory
from codex_trio.state.rollout.events import ItemCompletedLine
from codex_trio.state.rollout.lines import Payload


class SideMemory(Memory):
    """Empty at first. What the model says is for whoever it works for."""

    async def recall(self) -> None:
        """Do nothing: there is no past."""
        await trio.lowlevel.checkpoint()

    async def record(self, payloads: Sequence[Payload]) -> None:
        """Append the lines of what clients see. Raises RolloutWriteError."""
        seen = [one for one in payloads if isinstance(one, ItemCompletedLine)]
        shown = [one for one in seen if not isinstance(one.item, AgentMessage)]
        if shown:
            await super().record(shown)
