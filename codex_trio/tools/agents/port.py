"""What the tools for agents need of whoever runs agents.

Owns the port and its values. Does not own agents (threads/agents implements the port), nor the tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from codex_trio.domain.agents import AgentStatus
from codex_trio.model.catalog import ModelInfo
from codex_trio.tools.log import ItemLog

Version = Literal["v1", "v2"]


class AgentRef(msgspec.Struct, frozen=True, kw_only=True):
    """An agent, by all that it is called. `path` is the way to it from the root, which agents of `v1` do not have."""

    thread_id: str
    nickname: str | None = None
    role: str | None = None
    path: str | None = None


class NewAgent(msgspec.Struct, frozen=True, kw_only=True):
    """The agent that is wanted.

    `content` is its first input, in the rollout's form. `name` is what it is called below its parent (`v2`). `fork`
    says how many of the parent's turns it remembers: none, all (-1), or the last so many.
    """

    version: Version
    content: list[dict[str, Any]]
    name: str | None = None
    role: str | None = None
    model: str | None = None
    effort: str | None = None
    fork: int = 0


class Spawned(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that has begun, and what it runs with."""

    agent: AgentRef
    model: str
    effort: str | None


class RoleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A role that agents can have."""

    name: str
    description: str


class Agents(Protocol):
    """The agents of one thread, as its tools see them. What does not work raises ToolFailure with the reason."""

    @property
    def thread_id(self) -> str:
        """The thread whose tools these are."""
        ...

    def offered(self, model: ModelInfo) -> Version | None:
        """Return which family of tools a model of the thread is to be offered, if any."""
        ...

    @property
    def models(self) -> str:
        """What the model is told of the models that agents can run with."""
        ...

    @property
    def roles(self) -> Sequence[RoleSummary]:
        """The roles that the user has made."""
        ...

    async def check(self, wanted: NewAgent) -> str | None:
        """Refuse an agent that makes no sense; else return the reasoning effort that it would have."""
        ...

    async def spawn(self, wanted: NewAgent, log: ItemLog) -> Spawned:
        """Have a new agent begin its work; `log` is where its end is shown."""
        ...

    def known(self, thread_id: str) -> AgentRef:
        """Return what is known of an agent, which may not be loaded."""
        ...

    async def by_path(self, target: str, log: ItemLog) -> AgentRef:
        """Return an agent by its path, from the root or from here, or by its thread id; it is loaded if need be."""
        ...

    def status(self, thread_id: str) -> AgentStatus:
        """Return what an agent is at."""
        ...

    async def send_input(self, thread_id: str, content: list[dict[str, Any]], *, interrupt: bool) -> str:
        """Say something to an agent as a user would; the id of the turn that takes it up."""
        ...

    async def send_message(self, target: AgentRef, text: str, *, is_task: bool) -> None:
        """Let an agent read something; a task is begun with at once."""
        ...

    async def wait(self, thread_ids: Sequence[str], seconds: float) -> Mapping[str, AgentStatus]:
        """Wait until one of the agents does nothing any more; the status of those that do nothing."""
        ...

    async def wait_for_message(self, seconds: float) -> bool:
        """Wait until an agent has written something that the model has not read; whether one has."""
        ...

    async def interrupt(self, target: AgentRef) -> AgentStatus:
        """Stop what an agent does; what it was at before."""
        ...

    async def close(self, thread_id: str) -> AgentStatus:
        """End an agent and all that it has started; what it was at before."""
        ...

    async def resume(self, thread_id: str, log: ItemLog) -> AgentStatus:
        """Load an agent again that was closed or is left from before a restart; what it is at."""
        ...

    def all(self, prefix: str) -> Sequence[tuple[str, AgentStatus]]:
        """Return the agent at that path and those below it, in order of their paths; without one the whole team."""
        ...
