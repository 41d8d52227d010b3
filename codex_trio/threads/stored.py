"""What can be asked of threads without the engine: the stored ones, and which of them are loaded.

Owns what lists and reads need. Does not own loading threads (threads/manager.py) or how they run; none of that is
imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.store.interface import AgentGraphStore, ThreadStore, ThreadSummary
from codex_trio.state.store.read_states import ReadStates
from codex_trio.state.store.storage import ThreadStorage
from codex_trio.threads import errors
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import ThreadFacts, stored_facts
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.memories.kept import KeptMemories
from codex_trio.threads.organisation import ThreadOrganisation
from codex_trio.threads.read_state import ReadState


class StoredThreads(msgspec.Struct, frozen=True, kw_only=True):
    loaded: LoadedThreads
    store: ThreadStore
    read_states: ReadStates
    graph: AgentGraphStore
    organisation: ThreadOrganisation
    memories: KeptMemories
    compress: Callable[[], None]
    """Has rollouts that nobody wrote to for long compressed, some time soon."""

    def facts(self, summary: ThreadSummary) -> ThreadFacts:
        """Return what is known of a thread that a list shows; of a loaded one, as of now."""
        live = self.loaded.find(summary.thread_id)
        return stored_facts(summary) if live is None else live.facts

    async def history(self, thread_id: str, *, feature: str, in_archive: bool = True) -> RolloutHistory:
        """Return a thread's history; `feature` names what is asked for in refusals.

        Raises ThreadError when the thread is unknown, ephemeral, or nothing has been said in it yet, and for one that
        is archived unless those are wanted too; RolloutReadError.
        """
        live = self.loaded.find(thread_id)
        if live is not None:
            return live.stored_history(
                ephemeral=f"ephemeral threads do not support {feature}",
                unsaid=f"thread {live.id} is not materialized yet; {feature} is unavailable before first user message",
            )
        found = await self.store.locate(thread_id)
        if found is None:
            raise errors.not_loaded(thread_id)
        if found.is_archived and not in_archive:
            raise ThreadError(f"thread {thread_id} is archived")
        return await self.store.history(found)

    async def read_states_of(self, thread_ids: Sequence[str]) -> dict[str, ReadState]:
        """Return what of stored threads, loaded or not, counts as unread."""
        stored = await self.read_states.get(thread_ids)
        states: dict[str, ReadState] = {}
        for thread_id in thread_ids:
            live = self.loaded.find(thread_id)
            states[thread_id] = ReadState(thread_id, stored.get(thread_id)) if live is None else live.read_state
        return states

    async def read_state(self, thread_id: str) -> ReadState:
        """Return what of a stored thread counts as unread."""
        return (await self.read_states_of([thread_id]))[thread_id]

    async def mark(self, thread_id: str, *, as_read: bool, expected_revision: str) -> ReadState:
        """Mark a thread as read or unread, for who knows its latest revision; of a loaded one clients are told.

        Raises ThreadError, ThreadStoreError, with nothing changed where nothing can be stored.
        """
        await self.read_states.settle()
        live = self.loaded.find(thread_id)
        if live is None:
            if await self.store.locate(thread_id) is None:
                raise errors.not_loaded(thread_id)
            stored = (await self.read_states.get([thread_id])).get(thread_id)
            state = ReadState(thread_id, stored, partial(self.read_states.put, thread_id))
            state.mark(as_read=as_read, expected_revision=expected_revision)
        elif live.is_stored:
            live.mark(as_read=as_read, expected_revision=expected_revision)
            state = live.read_state
        else:
            raise ThreadError("thread read state unavailable")
        await self.read_states.settle()
        return state


def stored_threads(storage: ThreadStorage, *, codex_home: Path) -> StoredThreads:
    """Return what is kept there, with no thread loaded."""
    loaded = LoadedThreads()
    return StoredThreads(
        loaded=loaded,
        store=storage.store,
        read_states=storage.read_states,
        graph=storage.graph,
        compress=storage.compress,
        memories=KeptMemories(storage.memories, codex_home),
        organisation=ThreadOrganisation(
            loaded=loaded,
            store=storage.store,
            projects=storage.projects,
            sections=storage.sections,
            attachments=storage.attachments,
            placements=storage.placements,
        ),
    )
