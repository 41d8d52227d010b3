"""The teams of all sessions, and how a thread joins its own.

Owns which loaded thread is in which team, and that parents learn what became of their agents. Does not own the task of
a thread (threads/hosting.py) or what its model can do with agents (control.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.agents import SHUTDOWN, AgentStatus
from codex_trio.domain.items import SubAgentActivity
from codex_trio.engine.lineage import lineage_of
from codex_trio.model.catalog import ModelCatalog
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.store.interface import AgentGraphStore, ThreadStore
from codex_trio.threads.agents.delivery import notification, team_message, tell, tell_next
from codex_trio.threads.agents.roles import Roles, load_roles
from codex_trio.threads.agents.team import Member, Team
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loading import ThreadLoader
from codex_trio.tools.agents.shown import show_activity
from codex_trio.tools.log import ItemLog
from codex_trio.util.abandonable import abandonable

_log = logging.getLogger(__name__)

_ROLES_SECONDS = 5.0


class AgentTeams:
    """`codex_home` has the user's roles."""

    def __init__(
        self,
        *,
        store: ThreadStore,
        graph: AgentGraphStore,
        loader: ThreadLoader,
        catalog: ModelCatalog,
        codex_home: Path,
    ) -> None:
        self.store = store
        self.graph = graph
        self.loader = loader
        self.catalog = catalog
        self._codex_home = codex_home
        self._teams: dict[str, Team] = {}

    def of(self, member: Member) -> Team:
        """Return the team of a member."""
        return self._teams.setdefault(member.session_id, Team())

    async def make(self, live: LiveThread, nursery: trio.Nursery, config: EffectiveConfig) -> Member:
        """Return a thread as a member, not yet in its team."""
        member = Member(live, nursery, Roles((), {}))
        parent = self.of(member).get(member.parent_id)
        # An agent has its parent's configuration, mostly.
        known = parent is not None and parent.live.session.config is config
        member.roles = parent.roles if parent is not None and known else await self._roles(config)
        return member

    async def _roles(self, config: EffectiveConfig) -> Roles:
        try:
            return await abandonable(_ROLES_SECONDS, partial(load_roles, config, self._codex_home))
        except TimeoutError as error:
            _log.warning("the roles of agents could not be read: %s", error.strerror)
            return Roles((), {})

    def join(self, member: Member) -> None:
        """Take a thread into its team: it is loaded."""
        self.of(member).add(member)

    def leave(self, member: Member) -> None:
        """Let a thread go from its team: it is not loaded any more."""
        team = self.of(member)
        member.left()
        team.remove(member)
        if not len(team) and not team.beginning:
            self._teams.pop(member.session_id, None)

    def below(self, live: LiveThread) -> Sequence[LiveThread]:
        """Return the loaded agents of a thread, and theirs."""
        found = self._find(live)
        if found is None:
            return []
        team, own = found
        return [member.live for member in team if member is not own and team.is_above(member, own)]

    async def idle(self, member: Member) -> None:
        """Return once none of a thread's agents works."""
        team = self.of(member)
        while any(live.runs_turn for live in self.below(member.live)):
            await team.news.wait()

    def parent_of(self, meta: SessionMeta) -> Member | None:
        """Return the loaded thread whose agent another one is."""
        lineage = lineage_of(meta)
        team = self._teams.get(lineage.session_id)
        return None if team is None else team.get(lineage.parent_thread_id)

    def _find(self, live: LiveThread) -> tuple[Team, Member] | None:
        team = self._teams.get(lineage_of(live.recorder.meta).session_id)
        member = None if team is None else team.get(live.id)
        return None if team is None or member is None else (team, member)

    async def report(self, parent: Member, agent: Member, log: ItemLog) -> None:
        """Tell a parent what becomes of an agent, for as long as both are loaded; `log` is where that is shown."""
        while True:
            while not agent.ends and agent.status != SHUTDOWN:
                await agent.news.wait()
            if not agent.ends:
                if agent.version == "v1":
                    await self._tell(parent, agent, agent.status)
                return
            turn_id, status = agent.ends.popleft()
            if agent.version == "v1":
                if status.state != "interrupted":
                    await self._tell(parent, agent, status)
                    return
            elif status.state != "interrupted":
                await self._hand_in(parent, agent, status, turn_id, log)

    async def _tell(self, parent: Member, agent: Member, status: AgentStatus) -> None:
        try:
            await tell_next(parent, notification(agent.thread_id, status))
        except (RolloutReadError, RolloutWriteError) as error:
            _cannot_tell(parent, agent, error)

    async def _hand_in(self, parent: Member, agent: Member, status: AgentStatus, turn_id: str, log: ItemLog) -> None:
        text = status.message or ""
        if status.state == "errored":
            text = f"The agent failed: {text}"
        item = team_message("FINAL_ANSWER", author=agent.path, recipient=parent.path, text=text, is_sealed=False)
        activity = SubAgentActivity(
            id=f"subagent-completed-{turn_id}",
            kind="completed",
            agent_thread_id=agent.thread_id,
            agent_path=agent.path,
        )
        try:
            await show_activity(log, activity)
            await tell(parent, item)
        except (RolloutReadError, RolloutWriteError) as error:
            _cannot_tell(parent, agent, error)


def _cannot_tell(parent: Member, agent: Member, error: Exception) -> None:
    _log.error("thread %s cannot be told what became of its agent %s: %s", parent.thread_id, agent.thread_id, error)
    parent.live.warn(f"What became of the agent {agent.thread_id} could not be stored: {error}")
