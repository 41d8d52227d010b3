"""The threads of one session that work for one another, while they are loaded.

Owns who is in a team, what each is at, and that whoever waits hears of news. Does not own how agents begin and end
(agents.py) or what they say to one another (delivery.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import trio

from codex_trio.domain.agents import INTERRUPTED, PENDING, RUNNING, SHUTDOWN, AgentStatus
from codex_trio.domain.items import AgentMessage
from codex_trio.engine import events
from codex_trio.engine.lineage import lineage_of
from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.threads.agents.names import ROOT
from codex_trio.threads.agents.roles import Roles
from codex_trio.threads.live import LiveThread
from codex_trio.tools.agents.port import AgentRef, Version
from codex_trio.tools.truncate import fit
from codex_trio.util.bell import Bell

REPORT_TOKENS = 25_000
"""How much of an agent's last message others read: it takes as much of each of their windows."""


class Member:
    """A loaded thread in its team; the root is one as well. `nursery` is the thread's: its agents live in it."""

    def __init__(self, live: LiveThread, nursery: trio.Nursery, roles: Roles) -> None:
        meta = live.recorder.meta
        lineage = lineage_of(meta)
        self.live = live
        self.nursery = nursery
        self.roles = roles
        self.thread_id = live.id
        self.session_id = lineage.session_id
        self.parent_id = lineage.parent_thread_id
        self.depth = depth_of(meta)
        self.ref = ref_of(meta)
        self.version: Version = "v2" if lineage.in_team else "v1"
        self.status = PENDING
        self.ends: deque[tuple[str, AgentStatus]] = deque()
        """The ends of turns that the parent has not been told of."""
        self.news = Bell()
        self.team_news = Bell()
        """The team's, once the thread has joined it."""
        self._mail = 0
        self._read = 0

    @property
    def path(self) -> str:
        """Where the thread stands in its team."""
        return self.ref.path or ROOT

    @property
    def is_root(self) -> bool:
        """Whether the thread is nobody's agent."""
        return self.parent_id is None

    @property
    def is_working(self) -> bool:
        """Whether a turn is under way."""
        return self.live.runs_turn

    @property
    def has_mail(self) -> bool:
        """Whether something was written to the thread since its turn began, or since its model waited for that last.

        The model may have read it already: better than to wait for what has come.
        """
        return self._mail > self._read

    def heard(self, event: events.Event) -> None:
        """Note what the thread does."""
        match event:
            case events.TurnStarted():
                self._set(RUNNING)
                self.read_mail()
            case events.TurnEnded():
                self._set(_end_of(event))
                self.ends.append((event.turn_id, self.status))
                self.news.ring()
            case _:
                pass

    def mail_came(self) -> None:
        """Note that something was written to the thread."""
        self._mail += 1
        self.news.ring()

    def read_mail(self) -> None:
        """Note that the model is told of all that has come."""
        self._read = self._mail

    def left(self) -> None:
        """Note that the thread is not loaded any more."""
        self._set(SHUTDOWN)

    def _set(self, status: AgentStatus) -> None:
        self.status = status
        self.news.ring()
        self.team_news.ring()


class Team:
    """The loaded threads of one session."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self.beginning = 0
        """How many agents are about to join."""
        self.news = Bell()
        """Rung when somebody in the team begins, ends or leaves."""

    def __iter__(self) -> Iterator[Member]:
        """Yield the members."""
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    def get(self, thread_id: str | None) -> Member | None:
        """Return a member."""
        return None if thread_id is None else self._members.get(thread_id)

    def at(self, path: str) -> Member | None:
        """Return the member at a path."""
        return next((member for member in self if member.path == path and (member.is_root or member.ref.path)), None)

    @property
    def agents(self) -> list[Member]:
        """All but the root."""
        return [member for member in self if not member.is_root]

    @property
    def working(self) -> int:
        """How many agents work, or are about to."""
        return self.beginning + sum(agent.is_working for agent in self.agents)

    @property
    def nicknames(self) -> set[str]:
        """What is taken."""
        return {agent.ref.nickname for agent in self.agents if agent.ref.nickname is not None}

    def is_above(self, member: Member, other: Member) -> bool:
        """Return whether a member works for another, however far up, or is that one."""
        above: Member | None = member
        while above is not None:
            if above is other:
                return True
            above = self.get(above.parent_id)
        return False

    def add(self, member: Member) -> None:
        """Take a thread in, in place of one with its id."""
        self._members[member.thread_id] = member
        member.team_news = self.news
        self.news.ring()

    def remove(self, member: Member) -> None:
        """Let a thread go."""
        if self._members.get(member.thread_id) is member:
            del self._members[member.thread_id]
        self.news.ring()


def ref_of(meta: SessionMeta) -> AgentRef:
    """Return what an agent is called."""
    return AgentRef(thread_id=meta.id, nickname=meta.agent_nickname, role=meta.agent_role, path=meta.agent_path)


def depth_of(meta: SessionMeta) -> int:
    """Return how many threads are above one."""
    match meta.source:
        case {"subagent": {"thread_spawn": {"depth": int(depth)}}}:
            return depth
        case {"subagent": {"thread_spawn": _}}:
            return 1
        case _:
            return 0


def _end_of(event: events.TurnEnded) -> AgentStatus:
    match event.status:
        case "interrupted":
            return INTERRUPTED
        case "failed":
            return AgentStatus("errored", None if event.failure is None else event.failure.message)
        case "completed":
            said = event.last_message
            text = fit(said.text, max_tokens=REPORT_TOKENS) if isinstance(said, AgentMessage) else None
            return AgentStatus("completed", text)
