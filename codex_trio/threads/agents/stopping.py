"""Agents stop with the turn that they work for: who stops a turn means all that it has set going.

Owns which agents that are. Does not own how a turn is stopped (engine/tasks).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import trio

from codex_trio.engine.session.companion import NO_WORDS, LastWords, TurnEnd, TurnFacts
from codex_trio.threads.agents.delivery import cause_of
from codex_trio.threads.agents.team import Member
from codex_trio.threads.agents.teams import AgentTeams

_log = logging.getLogger(__name__)


class StopsAgents:
    """Goes along with the turns of one thread of a team."""

    def __init__(self, teams: AgentTeams, member: Member) -> None:
        self._teams = teams
        self._member = member

    def began(self, turn: TurnFacts) -> None:
        """Do nothing."""

    async def responded(self) -> None:
        """Do nothing."""
        await trio.lowlevel.checkpoint()

    def news(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    async def ending(self, end: TurnEnd) -> LastWords:
        """Stop what agents do on behalf of a turn that is stopped; what they do for earlier ones goes on."""
        if end.is_stopped:
            async with trio.open_nursery() as nursery:
                for agent in self._at_work():
                    nursery.start_soon(_stop, agent)
        return NO_WORDS

    def _at_work(self) -> list[Member]:
        own = self._member
        root_turn_id = cause_of(own).root_turn_id
        return [
            agent
            for agent in self._teams.of(own)
            if agent.parent_id == own.thread_id and agent.is_working and cause_of(agent).root_turn_id == root_turn_id
        ]


async def _stop(agent: Member) -> None:
    try:
        await agent.live.end_turn()
    except Exception:
        # The turn that it works for has to end all the same.
        _log.exception("the agent %s could not be stopped", agent.thread_id)
