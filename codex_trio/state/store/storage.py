"""All that is kept of threads, together: built by one of `local_storage` and `memory_storage`, and injected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from codex_trio.state.store.attachments import AttachmentStore
from codex_trio.state.store.goals import GoalStore
from codex_trio.state.store.interface import AgentGraphStore, ThreadStore
from codex_trio.state.store.memories import Memories
from codex_trio.state.store.placements import Placements
from codex_trio.state.store.projects import ProjectStore
from codex_trio.state.store.queues import InputQueues
from codex_trio.state.store.read_states import ReadStates
from codex_trio.state.store.sections import SectionStore


class ThreadStorage(msgspec.Struct, frozen=True, kw_only=True):
    store: ThreadStore
    graph: AgentGraphStore
    read_states: ReadStates
    queues: InputQueues
    goals: GoalStore
    memories: Memories
    projects: ProjectStore
    sections: SectionStore
    attachments: AttachmentStore
    placements: Placements
    compress: Callable[[], None]
    """Has what nobody wrote to for long take less room, some time soon; never waits."""
    run: Callable[[], Awaitable[None]]
    """Keeps it true and written down, behind everybody's back, until cancelled."""
