"""The items that show what an agent does with others: begun before, complete afterwards, whatever happens in between.

Owns their order. Does not own the form of items (domain/items.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio

from codex_trio.domain.agents import AgentStatus
from codex_trio.domain.items import CollabAgentToolCall, CollabTool, ReceivingAgent, SubAgentActivity
from codex_trio.tools.agents.port import AgentRef, Agents
from codex_trio.tools.calls import ToolCall
from codex_trio.tools.context import ToolContext
from codex_trio.tools.log import ItemLog


class ShownCall:
    """A call that is under way; what it comes to is noted by `end`."""

    def __init__(self, item: CollabAgentToolCall) -> None:
        self.item = msgspec.structs.replace(item, status="failed")

    def note(self, agent: AgentRef, state: AgentStatus) -> None:
        """Note what an agent is at, in case that the call fails."""
        self.item = msgspec.structs.replace(
            self.item,
            receiver_thread_ids=[agent.thread_id],
            receiver_agents=[receiving(agent)],
            agents_states={agent.thread_id: state.to_plain()},
        )

    def end(
        self,
        agents: Sequence[AgentRef],
        states: Mapping[str, AgentStatus],
        *,
        model: str | None = None,
        effort: str | None = None,
    ) -> None:
        """Note which agents it was about, and what they are at."""
        changes = {} if model is None else {"model": model, "reasoning_effort": effort}
        self.item = msgspec.structs.replace(
            self.item,
            status="failed" if any(state.is_failure for state in states.values()) else "completed",
            receiver_thread_ids=[agent.thread_id for agent in agents],
            receiver_agents=[receiving(agent) for agent in agents],
            agents_states={agent: state.to_plain() for agent, state in states.items()},
            **changes,
        )


@asynccontextmanager
async def shown(
    call: ToolCall,
    context: ToolContext,
    agents: Agents,
    tool: CollabTool,
    *,
    receivers: Sequence[AgentRef] = (),
    prompt: str | None = None,
    model: str | None = None,
    effort: str | None = None,
) -> AsyncGenerator[ShownCall]:
    """Show a call while the block runs; one that does not come to its end has failed."""
    item = CollabAgentToolCall(
        id=call.call_id,
        tool=tool,
        status="in_progress",
        sender_thread_id=agents.thread_id,
        receiver_thread_ids=[agent.thread_id for agent in receivers],
        receiver_agents=[receiving(agent) for agent in receivers],
        prompt=prompt,
        model=model,
        reasoning_effort=effort,
        agents_states={},
    )
    context.log.started(item)
    made = ShownCall(item)
    try:
        yield made
    finally:
        # What has begun is to be seen to end, also when the turn is stopped meanwhile.
        with trio.CancelScope(shield=True):
            await context.log.completed(made.item)


async def show_activity(log: ItemLog, item: SubAgentActivity) -> None:
    """Show something that happened."""
    log.started(item)
    await log.completed(item)


def receiving(agent: AgentRef) -> ReceivingAgent:
    """Return an agent as items have it."""
    return ReceivingAgent(thread_id=agent.thread_id, agent_nickname=agent.nickname, agent_role=agent.role)
