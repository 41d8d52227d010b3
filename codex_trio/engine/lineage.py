"""Whose agent a thread is, as providers and its own model are told.

Owns what is read off a thread's metadata for that. Does not own agents (threads/agents).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from codex_trio.state.rollout.lines import SessionMeta
from codex_trio.state.store.contents import spawned_by

ROOT_PATH = "/root"
SPAWNED = "thread_spawn"
MEMORIES = "memory_consolidation"
"""The kind of the agent that brings memories together: it works for no thread."""

GUARDIAN = "guardian"
"""The kind of the agent that reviews what another thread asks approvals for."""

GUARDIAN_SOURCE = {"subagent": {"other": GUARDIAN}}
GUARDIAN_REVIEW = "guardian_review"
"""Where such a thread and its turns come from."""


Beginning: TypeAlias = Literal["new", "cold_resume", "warm_fork", "cold_fork", "supplied_history"]
"""How a thread came by its history, in the words of providers; a fork is warm while its source is loaded."""


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a thread stands among the agents of a session; one that is nobody's agent is the session itself.

    `path` is the way to an agent that has a place in a team, else that of the root.
    """

    session_id: str
    parent_thread_id: str | None = None
    kind: str = SPAWNED
    """What sort of agent it is, if it is one."""
    path: str = ROOT_PATH
    in_team: bool = False
    forked_from: str | None = None
    """The thread whose history it goes on from, where a user wanted that."""

    @property
    def source(self) -> str:
        """What providers call the origin of an agent's thread."""
        return GUARDIAN_REVIEW if self.kind == GUARDIAN else "subagent"

    @property
    def cache_key(self) -> str:
        """What requests share whose beginnings providers may keep."""
        return f"{GUARDIAN}:{self.session_id}" if self.kind == GUARDIAN else self.session_id

    @property
    def subagent(self) -> str | None:
        """What providers call an agent of this kind."""
        if self.parent_thread_id is None:
            return MEMORIES if self.kind == MEMORIES else None
        return "collab_spawn" if self.kind == SPAWNED else self.kind


def lineage_of(meta: SessionMeta) -> Lineage:
    """Return the lineage of a thread."""
    parent = spawned_by(meta)
    if meta.source == GUARDIAN_SOURCE:
        return Lineage(session_id=meta.session_id or meta.id, parent_thread_id=meta.parent_thread_id, kind=GUARDIAN)
    if parent is None:
        kind = MEMORIES if meta.source == {"subagent": MEMORIES} else SPAWNED
        return Lineage(session_id=meta.id, kind=kind, forked_from=meta.forked_from_id)
    return Lineage(
        session_id=meta.session_id or meta.id,
        parent_thread_id=parent,
        path=meta.agent_path or ROOT_PATH,
        in_team=meta.agent_path is not None,
    )
