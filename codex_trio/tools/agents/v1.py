"""The first family of tools for agents: agents are called by the ids of their threads.

Owns what the model is told. Does not own agents (the port).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.domain.agents import NOT_FOUND, PENDING
from codex_trio.domain.ids import is_uuid
from codex_trio.tools.agents import specs
from codex_trio.tools.agents.input import InputPart, input_content, shown_text
from codex_trio.tools.agents.port import AgentRef, Agents, NewAgent
from codex_trio.tools.agents.shown import shown
from codex_trio.tools.agents.timeouts import timeout
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

DEFAULT_EFFORT = "medium"
"""What items show where neither the user nor the catalog says."""


class AgentToolsV1:
    """Provides them; see the module."""

    namespace = specs.NAMESPACE_V1

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        if not offer.custom_tools or self._agents.offered(offer.model) != "v1":
            return ()
        agents = self._agents
        tools = [CloseAgent(agents), ResumeAgent(agents), SendInput(agents), SpawnAgent(agents), WaitAgent(agents)]
        if offer.model.search_tool:
            for tool in tools:
                tool.spec = {**tool.spec, "defer_loading": True}
        return tools


class _AgentTool:
    parallel = False

    def __init__(self, agents: Agents, spec: dict[str, Any]) -> None:
        self.spec = spec
        self._agents = agents

    def _named(self, target: str) -> AgentRef:
        """Return an agent by what a model calls it. Raises ToolFailure."""
        if not is_uuid(target):
            raise ToolFailure(f"invalid agent id {target}: agent ids look like the `agent_id` that spawn_agent returns")
        return self._agents.known(target.lower())


class SpawnArguments(msgspec.Struct):
    """Arguments of `spawn_agent`."""

    message: str | None = None
    items: list[InputPart] | None = None
    agent_type: str | None = None
    fork_context: bool = False
    model: str | None = None
    reasoning_effort: str | None = None


class SpawnAgent(_AgentTool):
    """Starts an agent."""

    def __init__(self, agents: Agents) -> None:
        super().__init__(agents, specs.spawn_v1(agents.models, agents.roles))

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = decode_arguments(call.arguments, SpawnArguments)
        content = input_content(given.message, given.items)
        wanted = NewAgent(
            version="v1",
            content=content,
            role=given.agent_type,
            model=given.model,
            effort=given.reasoning_effort,
            fork=-1 if given.fork_context else 0,
        )
        effort = await self._agents.check(wanted) or DEFAULT_EFFORT
        prompt = shown_text(content)
        async with shown(
            call, context, self._agents, "spawn_agent", prompt=prompt, model=given.model or "", effort=effort
        ) as item:
            spawned = await self._agents.spawn(wanted, context.log)
            agent = spawned.agent
            item.end([agent], {agent.thread_id: PENDING}, model=spawned.model, effort=spawned.effort or DEFAULT_EFFORT)
        return _told({"agent_id": agent.thread_id, "nickname": agent.nickname})


class SendInputArguments(msgspec.Struct):
    """Arguments of `send_input`."""

    target: str
    message: str | None = None
    items: list[InputPart] | None = None
    interrupt: bool = False


class SendInput(_AgentTool):
    """Says more to an agent."""

    def __init__(self, agents: Agents) -> None:
        super().__init__(agents, specs.SEND_INPUT)

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = decode_arguments(call.arguments, SendInputArguments)
        content = input_content(given.message, given.items)
        agent = self._named(given.target)
        thread_id, prompt = agent.thread_id, shown_text(content)
        async with shown(call, context, self._agents, "send_input", receivers=[agent], prompt=prompt) as item:
            item.note(agent, self._agents.status(thread_id))
            turn_id = await self._agents.send_input(thread_id, content, interrupt=given.interrupt)
            item.end([agent], {thread_id: self._agents.status(thread_id)})
        return _told({"submission_id": turn_id})


class WaitArguments(msgspec.Struct):
    """Arguments of `wait_agent`."""

    targets: list[str]
    timeout_ms: float | None = None


class WaitAgent(_AgentTool):
    """Waits for agents; other calls go on meanwhile."""

    parallel = True

    def __init__(self, agents: Agents) -> None:
        super().__init__(agents, specs.WAIT_V1)

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = decode_arguments(call.arguments, WaitArguments)
        if not given.targets:
            raise ToolFailure("agent ids must be non-empty")
        if given.timeout_ms is not None and not given.timeout_ms > 0:
            raise ToolFailure("timeout_ms must be greater than zero")
        agents = {agent.thread_id: agent for agent in map(self._named, given.targets)}
        if self._agents.thread_id in agents:
            raise ToolFailure("an agent cannot wait for itself: leave its own id out")
        seconds = timeout(given.timeout_ms).seconds
        async with shown(call, context, self._agents, "wait", receivers=list(agents.values())) as item:
            states = await self._agents.wait(list(agents), seconds)
            item.end([agents[thread_id] for thread_id in states], states)
        plain = {thread_id: state.to_plain() for thread_id, state in states.items()}
        return _told({"status": plain, "timed_out": not states})


class CloseArguments(msgspec.Struct):
    """Arguments of `close_agent`."""

    target: str


class CloseAgent(_AgentTool):
    """Ends an agent."""

    def __init__(self, agents: Agents) -> None:
        super().__init__(agents, specs.CLOSE)

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        agent = self._named(decode_arguments(call.arguments, CloseArguments).target)
        async with shown(call, context, self._agents, "close_agent", receivers=[agent]) as item:
            item.note(agent, self._agents.status(agent.thread_id))
            before = await self._agents.close(agent.thread_id)
            item.end([agent], {agent.thread_id: before})
        return _told({"previous_status": before.to_plain()})


class ResumeArguments(msgspec.Struct):
    """Arguments of `resume_agent`."""

    id: str


class ResumeAgent(_AgentTool):
    """Loads an agent again."""

    def __init__(self, agents: Agents) -> None:
        super().__init__(agents, specs.RESUME)

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        agent = self._named(decode_arguments(call.arguments, ResumeArguments).id)
        thread_id = agent.thread_id
        async with shown(call, context, self._agents, "resume_agent", receivers=[agent]) as item:
            item.note(agent, NOT_FOUND)
            state = await self._agents.resume(thread_id, context.log)
            item.end([self._agents.known(thread_id)], {thread_id: state})
        return _told({"status": state.to_plain()})


def _told(answer: dict[str, Any]) -> ToolOutput:
    return ToolOutput(content=msgspec.json.encode(answer).decode())
