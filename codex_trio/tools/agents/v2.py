"""The second family of tools for agents: a team whose members are called by their paths and write to one another.

Owns what the model is told. Does not own agents (the port).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.domain.items import SubAgentActivity, SubAgentActivityKind
from codex_trio.tools.agents import specs
from codex_trio.tools.agents.input import text_content
from codex_trio.tools.agents.port import AgentRef, Agents, NewAgent
from codex_trio.tools.agents.shown import show_activity, shown
from codex_trio.tools.agents.timeouts import timeout
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer

ALL_TURNS = -1


class AgentToolsV2:
    """Provides them; see the module."""

    namespace = specs.NAMESPACE_V2

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        if not offer.custom_tools or self._agents.offered(offer.model) != "v2":
            return ()
        agents = self._agents
        return [
            WriteMessage(agents, specs.FOLLOWUP, is_task=True),
            InterruptAgent(agents, specs.INTERRUPT),
            ListTeam(agents, specs.LIST),
            WriteMessage(agents, specs.SEND_MESSAGE, is_task=False),
            SpawnTeammate(agents, specs.spawn_v2(agents.models, agents.roles)),
            WaitForMail(agents, specs.WAIT_V2),
        ]


class _AgentTool:
    parallel = False

    def __init__(self, agents: Agents, spec: dict[str, Any]) -> None:
        self.spec = spec
        self._agents = agents

    async def _show(self, call: ToolCall, context: ToolContext, kind: SubAgentActivityKind, agent: AgentRef) -> None:
        await show_activity(
            context.log,
            SubAgentActivity(
                id=call.call_id, kind=kind, agent_thread_id=agent.thread_id, agent_path=agent.path or agent.thread_id
            ),
        )


class TeammateArguments(msgspec.Struct):
    """Arguments of `spawn_agent`."""

    task_name: str
    message: str
    agent_type: str | None = None
    fork_turns: str | None = None
    model: str | None = None
    reasoning_effort: str | None = None


class SpawnTeammate(_AgentTool):
    """Starts an agent."""

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = decode_arguments(call.arguments, TeammateArguments)
        wanted = NewAgent(
            version="v2",
            content=text_content(given.message),
            name=given.task_name,
            role=given.agent_type,
            model=given.model,
            effort=given.reasoning_effort,
            fork=_turns(given.fork_turns),
        )
        await self._agents.check(wanted)
        spawned = await self._agents.spawn(wanted, context.log)
        agent = spawned.agent
        await show_activity(
            context.log,
            SubAgentActivity(
                model=spawned.model,
                reasoning_effort=spawned.effort,
                id=call.call_id,
                kind="started",
                agent_thread_id=agent.thread_id,
                agent_path=agent.path or agent.thread_id,
            ),
        )
        return _told({"task_name": agent.path})


def _turns(text: str | None) -> int:
    """Return how many turns are meant; all of them where nothing is said. Raises ToolFailure."""
    match text:
        case None | "all":
            return ALL_TURNS
        case "none":
            return 0
        case _:
            raise ToolFailure("fork_turns must be `none` or `all`")


class MessageArguments(msgspec.Struct):
    """Arguments of `send_message` and `followup_task`."""

    target: str
    message: str


class WriteMessage(_AgentTool):
    """Writes to an agent; a task is begun with."""

    def __init__(self, agents: Agents, spec: dict[str, Any], *, is_task: bool) -> None:
        super().__init__(agents, spec)
        self._is_task = is_task

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = decode_arguments(call.arguments, MessageArguments)
        text_content(given.message)
        agent = await self._agents.by_path(given.target, context.log)
        await self._agents.send_message(agent, given.message, is_task=self._is_task)
        await self._show(call, context, "interacted", agent)
        return ToolOutput(content="")


class TargetArguments(msgspec.Struct):
    """Arguments of `interrupt_agent`."""

    target: str


class InterruptAgent(_AgentTool):
    """Stops what an agent does."""

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        agent = await self._agents.by_path(decode_arguments(call.arguments, TargetArguments).target, context.log)
        before = await self._agents.interrupt(agent)
        await self._show(call, context, "interrupted", agent)
        return _told({"previous_status": before.to_plain()})


class ListArguments(msgspec.Struct):
    """Arguments of `list_agents`."""

    path_prefix: str | None = None


class ListTeam(_AgentTool):
    """Lists the team."""

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        prefix = decode_arguments(call.arguments, ListArguments).path_prefix or ""
        agents = [{"agent_name": path, "agent_status": state.to_plain()} for path, state in self._agents.all(prefix)]
        return _told({"agents": agents})


class MailWaitArguments(msgspec.Struct):
    """Arguments of `wait_agent`."""

    timeout_ms: float | None = None


class WaitForMail(_AgentTool):
    """Waits for messages; other calls go on meanwhile."""

    parallel = True

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        seconds, notice = timeout(decode_arguments(call.arguments, MailWaitArguments).timeout_ms)
        async with shown(call, context, self._agents, "wait") as item:
            has_come = await self._agents.wait_for_message(seconds)
            item.end([], {})
        text = "Wait completed." if has_come else "Wait timed out."
        return _told({"message": text if notice is None else f"{text}\n\n{notice}", "timed_out": not has_come})


def _told(answer: dict[str, Any]) -> ToolOutput:
    return ToolOutput(content=msgspec.json.encode(answer).decode())
