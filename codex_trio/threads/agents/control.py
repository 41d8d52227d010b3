"""What the model of one thread can do with agents: the port of the tools, for the threads that are loaded here.

Owns the rules: who may be reached, how many there may be, and how deep. Only threads of one's own team are reached, so
that no model gets at another user's threads by their ids. Does not own the task of a thread (threads/hosting.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

import msgspec
import trio

from codex_trio.domain.agents import INTERRUPTED, NOT_FOUND, PENDING, AgentStatus
from codex_trio.domain.ids import is_uuid, uuid7
from codex_trio.engine.lineage import Beginning
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.execpolicy.rules import RulesError
from codex_trio.model.catalog import ModelInfo
from codex_trio.state.history.recorder import EphemeralRecorder, ThreadRecorder
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.lines import ResponseItem
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.threads.agents import names
from codex_trio.threads.agents.beginning import meta_of, remembered, settings_of
from codex_trio.threads.agents.delivery import AlreadyAnswered, Cause, cause_of, give_task, team_message, tell
from codex_trio.threads.agents.limits import AgentLimits, limits_of, offered_version
from codex_trio.threads.agents.roles import Role, RoleProblem
from codex_trio.threads.agents.team import Member, Team
from codex_trio.threads.agents.teams import AgentTeams
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.options import ThreadOptions, settings_from_history
from codex_trio.tools.agents.port import AgentRef, NewAgent, RoleSummary, Spawned, Version
from codex_trio.tools.calls import ToolFailure
from codex_trio.tools.log import ItemLog

_NOTHING_NEW = TurnOverrides()

RESIDENT = 32
"""How many agents that have finished stay loaded in a team; the others are loaded again when they are written to."""


class AgentHost(Protocol):
    """Who runs threads."""

    async def host_agent(
        self, recorder: ThreadRecorder, settings: ThreadSettings, parent: Member, beginning: Beginning
    ) -> LiveThread:
        """Run a thread for another one, in that one's nursery; on return it is loaded."""
        ...

    async def unload(self, live: LiveThread) -> None:
        """End a thread's task. Raises ThreadError."""
        ...


class AgentControl:
    """The agents as one member of a team reaches them."""

    def __init__(self, teams: AgentTeams, member: Member, host: AgentHost) -> None:
        self._teams = teams
        self._member = member
        self._host = host

    # --- what there is ---

    @property
    def thread_id(self) -> str:
        return self._member.thread_id

    @property
    def _team(self) -> Team:
        return self._teams.of(self._member)

    @property
    def _limits(self) -> AgentLimits:
        return limits_of(self._member.live.config)

    def offered(self, model: ModelInfo) -> Version | None:
        limits = self._limits
        if not limits.is_enabled or self._member.depth >= limits.depth:
            return None
        return offered_version(self._member.live.config, model)

    @property
    def models(self) -> str:
        listed = self._teams.catalog.listed(include_hidden=False)
        return f"Models: {', '.join(model.slug for model in listed)}."

    @property
    def roles(self) -> Sequence[RoleSummary]:
        return [RoleSummary(name=role.name, description=role.description) for role in self._member.roles.own]

    def known(self, thread_id: str) -> AgentRef:
        member = self._team.get(thread_id)
        return AgentRef(thread_id=thread_id) if member is None else member.ref

    def status(self, thread_id: str) -> AgentStatus:
        member = self._team.get(thread_id)
        return NOT_FOUND if member is None else member.status

    def all(self, prefix: str) -> Sequence[tuple[str, AgentStatus]]:
        listed = sorted((member.path, member.status) for member in self._team if member.is_root or member.ref.path)
        if not prefix:
            return listed
        wanted = names.absolute(prefix, below=self._member.path)
        return [(path, status) for path, status in listed if path == wanted or path.startswith(f"{wanted}/")]

    def _get(self, thread_id: str) -> Member:
        member = self._team.get(thread_id)
        if member is None:
            raise ToolFailure(f"agent with id {thread_id} not found")
        return member

    def _below(self, member: Member, what: str) -> None:
        """Refuse what a thread must not do to itself or to those that it works for. Raises ToolFailure."""
        if self._team.is_above(self._member, member):
            who = "itself" if member is self._member else "an agent that it works for"
            raise ToolFailure(f"an agent cannot {what} {who}")

    async def by_path(self, target: str, log: ItemLog) -> AgentRef:
        if is_uuid(target) and (member := self._team.get(target.lower())) is not None:
            return member.ref
        path = names.absolute(target, below=self._member.path)
        found = self._team.at(path)
        if found is not None:
            return found.ref
        stored = await self._stored(path)
        if stored is None:
            raise ToolFailure(f"live agent path `{path}` not found")
        with _told():
            return (await self._load(stored, log)).ref

    async def _stored(self, path: str) -> str | None:
        """Return the agent of this session that is kept under a path, loaded or not."""
        for thread_id in await self._teams.graph.descendants(self._member.session_id, "open"):
            summary = await self._teams.store.read(thread_id)
            if summary is not None and not summary.is_archived and summary.meta.agent_path == path:
                return thread_id
        return None

    # --- beginning ---

    async def check(self, wanted: NewAgent) -> str | None:
        if wanted.name is not None:
            path = names.path_below(self._member.path, wanted.name)
            if self._team.at(path) is not None or await self._stored(path) is not None:
                raise ToolFailure(f"agent path `{path}` already exists")
        return self._effort(self._settings(wanted, self._role(wanted.role)))

    def _effort(self, settings: ThreadSettings) -> str | None:
        return settings.effort or self._teams.catalog.info(settings.model).default_effort

    def _role(self, name: str | None) -> Role | None:
        try:
            return self._member.roles.get(name)
        except RoleProblem as problem:
            raise ToolFailure(str(problem)) from None

    def _settings(self, wanted: NewAgent, role: Role | None) -> ThreadSettings:
        return settings_of(self._member, wanted, role, self._teams.catalog)

    async def spawn(self, wanted: NewAgent, log: ItemLog) -> Spawned:
        role = self._role(wanted.role)
        settings = self._settings(wanted, role)
        with _told():
            async with self._joining(wanted.version):
                agent = await self._begin(wanted, role, settings)
            try:
                await self._give_first(agent, wanted)
                if agent.live.is_stored:
                    await self._teams.graph.upsert(self.thread_id, agent.thread_id, "open")
            except BaseException:
                # Nobody would ever hear of it.
                with trio.CancelScope(shield=True):
                    await self._host.unload(agent.live)
                raise
        self._member.nursery.start_soon(self._teams.report, self._member, agent, log)
        return Spawned(agent=agent.ref, model=settings.model, effort=self._effort(settings))

    @asynccontextmanager
    async def _joining(self, version: Version) -> AsyncGenerator[None]:
        """Around an agent's joining the team. Raises ToolFailure when there are too many, or it would be too deep."""
        team, limits = self._team, self._limits
        if self._member.depth >= limits.depth:
            raise ToolFailure("Agent depth limit reached. Solve the task yourself.")
        if version == "v1":
            is_full = len(team.agents) + team.beginning >= limits.threads
        else:
            is_full = team.working + 1 >= limits.concurrent
        if is_full:
            raise ToolFailure("collab spawn failed: agent thread limit reached")
        team.beginning += 1
        try:
            if version == "v2":
                await self._make_room()
            yield
        finally:
            team.beginning -= 1

    async def _make_room(self) -> None:
        """Unload those that finished longest ago, if there are many: they can be written to nevertheless."""
        idle = [agent for agent in self._team.agents if not agent.is_working and agent.live.is_stored]
        for agent in idle[: max(len(idle) - RESIDENT, 0)]:
            if agent is not self._member and not self._team.is_above(self._member, agent):
                await self._host.unload(agent.live)

    async def _begin(self, wanted: NewAgent, role: Role | None, settings: ThreadSettings) -> Member:
        parent = self._member
        meta = meta_of(parent, self._team, wanted, role, settings)
        recorder: ThreadRecorder = (
            EphemeralRecorder(meta) if parent.live.is_ephemeral else self._teams.store.create(meta, before_stored=None)
        )
        if wanted.fork:
            past = remembered(await parent.live.session.beside(_history, _NOTHING_NEW))
            await recorder.append([*map(ResponseItem.of, past), settings.to_settings_applied(meta.id)])
        live = await self._host.host_agent(recorder, settings, parent, "warm_fork" if wanted.fork else "new")
        live.tell_status()
        return self._get(live.id)

    async def _give_first(self, agent: Member, wanted: NewAgent) -> None:
        cause = cause_of(self._member)
        if wanted.version == "v1":
            await _say(agent, wanted.content, cause)
            return
        await give_task(agent, self._message("NEW_TASK", agent, wanted.content[0]["text"]), cause)

    def _message(self, kind: str, agent: Member, text: str) -> dict[str, Any]:
        return team_message(kind, author=self._member.path, recipient=agent.path, text=text, is_sealed=True)

    # --- talking ---

    async def send_input(self, thread_id: str, content: list[dict[str, Any]], *, interrupt: bool) -> str:
        agent = self._get(thread_id)
        self._below(agent, "send input to")
        with _told():
            if interrupt:
                await agent.live.end_turn()
            return await _say(agent, content, cause_of(self._member))

    async def send_message(self, target: AgentRef, text: str, *, is_task: bool) -> None:
        agent = self._get(target.thread_id)
        if is_task and agent.is_root:
            raise ToolFailure("Follow-up tasks can't target the root agent")
        item = self._message("NEW_TASK" if is_task else "MESSAGE", agent, text)
        with _told():
            if not is_task:
                await tell(agent, item)
                return
            self._below(agent, "give a task to")
            if not agent.is_working and self._team.working + 1 >= self._limits.concurrent:
                raise ToolFailure("agent thread limit reached: wait until an agent has finished")
            await give_task(agent, item, cause_of(self._member))

    async def wait(self, thread_ids: Sequence[str], seconds: float) -> Mapping[str, AgentStatus]:
        team = self._team
        with trio.move_on_after(seconds):
            while not any(self.status(thread_id).is_final for thread_id in thread_ids):
                await team.news.wait()
        states = {thread_id: self.status(thread_id) for thread_id in thread_ids}
        return {thread_id: status for thread_id, status in states.items() if status.is_final}

    async def wait_for_message(self, seconds: float) -> bool:
        member = self._member
        with trio.move_on_after(seconds):
            while not member.has_mail:
                await member.news.wait()
        has_come = member.has_mail
        member.read_mail()
        return has_come

    # --- ending ---

    async def interrupt(self, target: AgentRef) -> AgentStatus:
        agent = self._get(target.thread_id)
        if agent.is_root:
            raise ToolFailure("root is not a spawned agent")
        self._below(agent, "interrupt")
        before = agent.status
        with _told():
            await agent.live.end_turn()
        return before

    async def close(self, thread_id: str) -> AgentStatus:
        agent = self._get(thread_id)
        self._below(agent, "close")
        before = agent.status
        with _told():
            await self._teams.graph.set_status(thread_id, "closed")
            await self._host.unload(agent.live)
        return before

    async def resume(self, thread_id: str, log: ItemLog) -> AgentStatus:
        member = self._team.get(thread_id)
        if member is not None:
            return member.status
        if thread_id not in await self._teams.graph.descendants(self._member.session_id):
            raise ToolFailure(f"agent with id {thread_id} not found")
        with _told():
            async with self._joining("v1"):
                member = await self._load(thread_id, log)
        return member.status

    async def _load(self, thread_id: str, log: ItemLog) -> Member:
        """Load an agent of this session, and those of its own that are open, as far as there is room."""
        teams = self._teams
        async with teams.store.writing(thread_id):
            recorder = await teams.loader.open(thread_id)
            parent = self._team.get(recorder.meta.parent_thread_id) or self._member
            settings = self._resumed(parent, recorder)
            live = await self._host.host_agent(recorder, settings, parent, "cold_resume")
        live.tell_status()
        member = self._get(live.id)
        member.status = _left_at(live)
        parent.nursery.start_soon(teams.report, parent, member, log)
        await teams.graph.set_status(thread_id, "open")
        for child in await teams.graph.children(thread_id, "open"):
            if self._team.get(child) is None and len(self._team.agents) < self._limits.threads:
                await self._load(child, log)
        return member

    def _resumed(self, parent: Member, recorder: ThreadRecorder) -> ThreadSettings:
        """Return what an agent goes on with: as it was recorded, but it may do no more than its parent may now."""
        now = parent.live.settings
        settings = settings_from_history(recorder.facts, now, ThreadOptions())
        settings = msgspec.structs.replace(
            settings,
            approval_policy=now.approval_policy,
            approvals_reviewer=now.approvals_reviewer,
            sandbox_policy=now.sandbox_policy,
        )
        role = self._role(recorder.meta.agent_role)
        return settings if role is None else role.apply(settings)


async def _say(agent: Member, content: list[dict[str, Any]], cause: Cause) -> str:
    """Say something to an agent as a user would; the turn that takes it up."""
    request = TurnRequest(
        turn_id=uuid7(),
        input=UserInput(content=content),
        parent_turn_id=cause.turn_id,
        root_turn_id=cause.root_turn_id,
    )
    taken = await agent.live.start_turn(request, _NOTHING_NEW, AlreadyAnswered())
    return taken.turn_id


def _left_at(live: LiveThread) -> AgentStatus:
    """Return what a thread was at when it was loaded last."""
    history = live.history
    turns = () if history is None else history.index.turns
    return PENDING if not turns or turns[-1].status in ("completed", "failed") else INTERRUPTED


@contextmanager
def _told() -> Generator[None]:
    """Turn what goes wrong in a thread into what the model of another one is told of it."""
    try:
        yield
    except ShuttingDown:
        raise ToolFailure("the server is ending: no agent begins any more") from None
    except (RolloutReadError, RolloutWriteError, RulesError, ThreadError, ThreadStoreError) as error:
        raise ToolFailure(f"the agent cannot be reached: {error}") from error


async def _history(context: TaskContext) -> list[dict[str, Any]]:
    """Return what a thread's model remembers."""
    await context.memory.recall()
    return list(context.memory.history.items)
