"""What an agent is at, as its parent and the rollout see it.

Owns the value and its stored form. Does not own agents (threads/agents).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

AgentState: TypeAlias = Literal[
    "pending_init", "running", "interrupted", "completed", "errored", "shutdown", "not_found"
]

_WITH_MESSAGE = ("completed", "errored")


class AgentStatus(msgspec.Struct, frozen=True):
    """What an agent is at; `message` is what it said last, or why it failed."""

    state: AgentState
    message: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing comes of waiting: the agent does nothing until somebody tells it to."""
        return self.state not in ("pending_init", "running")

    @property
    def is_failure(self) -> bool:
        """Whether the agent did not do what it was for."""
        return self.state in ("errored", "not_found")

    def to_plain(self) -> str | dict[str, Any]:
        """Return the form that rollouts hold and models read."""
        return {self.state: self.message} if self.state in _WITH_MESSAGE else self.state


PENDING = AgentStatus("pending_init")
RUNNING = AgentStatus("running")
INTERRUPTED = AgentStatus("interrupted")
SHUTDOWN = AgentStatus("shutdown")
NOT_FOUND = AgentStatus("not_found")
