"""Changes to what is kept of threads, loaded or not: names, metadata, the archive, deletion, cut turns.

Owns what happens to a loaded thread first, and to the threads of its agents and reviewers. Does not own files or tables
(the thread store), the tasks of loaded threads (`hosting`) or who is told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from codex_trio.engine.lineage import GUARDIAN_SOURCE
from codex_trio.state.history.forks import TurnNotFound
from codex_trio.state.store.interface import AgentGraphStore, MetadataPatch, ThreadQuery, ThreadStore, ThreadStoreError
from codex_trio.threads import errors
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import ThreadFacts, stored_facts
from codex_trio.threads.goals import ThreadGoals
from codex_trio.threads.hosting import ThreadHost
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.memories.kept import KeptMemories
from codex_trio.threads.queue import ThreadQueues

_REVIEWERS: Final = frozenset({"subAgentOther"})
"""The kind of thread that reviewers are listed as, among others."""

_log = logging.getLogger(__name__)


class ThreadUpkeep:
    def __init__(
        self,
        *,
        host: ThreadHost,
        loaded: LoadedThreads,
        store: ThreadStore,
        queues: ThreadQueues,
        goals: ThreadGoals,
        memories: KeptMemories,
        graph: AgentGraphStore,
    ) -> None:
        self._host = host
        self._loaded = loaded
        self._store = store
        self._queues = queues
        self._goals = goals
        self._memories = memories
        self._graph = graph

    async def rename(self, thread_id: str, name: str) -> None:
        """Give a thread a name. Raises ThreadError, RolloutWriteError, ThreadStoreError."""
        live = self._loaded.find(thread_id)
        if live is not None:
            await live.keep()
        elif await self._store.locate(thread_id) is None:
            raise errors.no_rollout(thread_id)
        await self._store.set_name(thread_id, name)
        if live is not None:
            live.name = name

    async def update_metadata(self, thread_id: str, patch: MetadataPatch) -> ThreadFacts:
        """Change what a thread says of itself; the thread as it is then.

        Raises ThreadError, RolloutWriteError, ThreadStoreError.
        """
        live = self._loaded.find(thread_id)
        if live is None:
            return stored_facts(await self._store.update_metadata(thread_id, patch))
        await live.update_metadata(patch)
        return live.facts

    async def archive(self, thread_id: str) -> Sequence[str]:
        """Put a thread and those of its agents away; the ids that moved. Running turns are interrupted first.

        Raises ThreadError, RolloutWriteError, ThreadStoreError.
        """
        for member in await self._family(thread_id):
            live = self._loaded.find(member)
            if live is not None:
                if live.is_ephemeral:
                    raise errors.no_rollout(member)
                await live.end_turn()
                await live.keep()
                await self._host.unload(live)
        return await self._store.archive(thread_id)

    async def unarchive(self, thread_id: str) -> tuple[ThreadFacts, Sequence[str]]:
        """Take a thread and those of its agents back from the archive; the thread, and the ids that moved.

        Raises ThreadError, ThreadStoreError.
        """
        moved = await self._store.unarchive(thread_id)
        summary = await self._store.read(thread_id)
        if summary is None:
            raise errors.no_rollout(thread_id)
        return stored_facts(summary), moved

    async def delete(self, thread_id: str) -> Sequence[str]:
        """Remove a thread, those of its agents and reviewers and all that is kept of them; the ids.

        Running turns are interrupted. Raises ThreadError, ThreadStoreError.
        """
        live = self._loaded.find(thread_id)
        if live is not None and live.is_ephemeral:
            raise ThreadError(f"thread is not persisted and cannot be deleted: {thread_id}")
        is_stored = live is None or live.is_stored
        if is_stored:
            await self._store.check_deletable(thread_id)
        family = await self._family(thread_id)
        # A reviewer of a reviewed thread ends with it, unless somebody has loaded it for itself.
        for member in family:
            await self._end(member)
        reviewers = [reviewer for member in family for reviewer in await self._reviewers(member)]
        for reviewer in reviewers:
            await self._end(reviewer)
        deleted = [*(await self._store.delete(thread_id) if is_stored else [thread_id])]
        for reviewer in reviewers:
            try:
                deleted += await self._store.delete(reviewer)
            except ThreadStoreError as error:
                _log.warning("the reviewer's thread %s stays: %s", reviewer, error)
        await self._queues.forget(deleted)
        await self._goals.forget(deleted)
        await self._memories.forget(deleted)
        return deleted

    async def revert(self, thread_id: str, *, before_turn_id: str) -> LiveThread:
        """Drop a turn of a loaded thread and all later ones; the thread anew. A running turn is interrupted first.

        Raises ThreadError, RolloutReadError, RolloutWriteError.
        """
        live = self._loaded.get(thread_id)
        history = live.stored_history(ephemeral="ephemeral threads do not support thread/revert")
        if history.index.turn(before_turn_id) is None:
            raise ThreadError(f"turn not found: {before_turn_id}")
        await live.end_turn()
        return await self._cut(live, before_turn_id=before_turn_id)

    async def roll_back(self, thread_id: str, *, turns: int) -> LiveThread:
        """Drop the last turns of a loaded thread in which none runs; the thread anew, if anything was dropped.

        Raises ThreadError, RolloutReadError, RolloutWriteError.
        """
        live = self._loaded.get(thread_id)
        history = live.stored_history(ephemeral="thread rollback requires persisted thread history")
        if live.runs_turn:
            raise ThreadError("Cannot rollback while a turn is in progress.")
        recorded = history.index.turns
        if not recorded:
            return live
        return await self._cut(live, before_turn_id=recorded[max(len(recorded) - turns, 0)].id)

    async def _family(self, thread_id: str) -> Sequence[str]:
        """Return a thread and all that descend from it."""
        return [thread_id, *await self._graph.descendants(thread_id)]

    async def _reviewers(self, thread_id: str) -> Sequence[str]:
        """Return the threads in which approvals of a thread were reviewed."""
        found: list[str] = []
        for archived in (False, True):
            query = ThreadQuery(parent_thread_id=thread_id, archived=archived, source_kinds=_REVIEWERS)
            while True:
                page = await self._store.list(query)
                found += [known.thread_id for known in page.threads if known.meta.source == GUARDIAN_SOURCE]
                if page.next_cursor is None:
                    break
                query = msgspec.structs.replace(query, cursor=page.next_cursor)
        return found

    async def _end(self, thread_id: str) -> None:
        """Have nothing of a thread go on."""
        live = self._loaded.find(thread_id)
        if live is not None:
            await live.end_turn()
            await self._host.unload(live)

    async def _cut(self, live: LiveThread, *, before_turn_id: str) -> LiveThread:
        """Return the thread, in which no turn may run, without that turn and all later ones, loaded anew."""
        # Nobody else may write on in between.
        async with self._store.writing(live.id):
            try:
                recorder = await self._store.cut(live.recorder, before_turn_id=before_turn_id)
            except TurnNotFound as error:
                raise ThreadError(str(error)) from error
            return await self._host.replace(live, recorder)
