"""What can be asked of threads without the engine: the stored ones, and which of them are loaded.

Owns what lists and reads need. Does not own loading threads (threads/manager.py) or how they run; none of that is
imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import trio
from codex_trio_protocol.v2 import thread as wire

from codex_trio.state.store.interface import AgentGraphStore, ThreadStore, ThreadSummary
from codex_trio.state.store.read_states import ReadStates
from codex_trio.threads import errors
from codex_trio.wire.threads import ThreadFacts, project_thread

if TYPE_CHECKING:
    from codex_trio.threads.live import LiveThread


class LoadedThreads:
    """The threads that are loaded, by id. Whoever loads and unloads them adds and removes them."""

    def __init__(self) -> None:
        self._threads: dict[str, LiveThread] = {}
        self._some = trio.Event()

    async def some(self) -> None:
        """Wait until a thread is loaded."""
        await self._some.wait()

    def get(self, thread_id: str) -> LiveThread:
        """A loaded thread. Raises ThreadError."""
        live = self.find(thread_id)
        if live is None:
            raise errors.not_found(thread_id)
        return live

    def find(self, thread_id: str) -> LiveThread | None:
        """A loaded thread, if it is one."""
        return self._threads.get(thread_id.lower())

    def all(self) -> Sequence[LiveThread]:
        """Those that are loaded now."""
        return list(self._threads.values())

    @property
    def ids(self) -> list[str]:
        """Ids of the loaded threads, in ascending order."""
        return sorted(self._threads)

    def add(self, live: LiveThread) -> None:
        """Note that a thread is loaded."""
        self._threads[live.id] = live
        self._some.set()

    def remove(self, live: LiveThread) -> bool:
        """Note that a thread is not loaded any more; False when it was not."""
        if self._threads.get(live.id) is not live:
            return False
        del self._threads[live.id]
        if not self._threads:
            self._some = trio.Event()
        return True


class StoredThreads(msgspec.Struct, frozen=True, kw_only=True):
    """See the module."""

    loaded: LoadedThreads
    store: ThreadStore
    read_states: ReadStates
    graph: AgentGraphStore

    def project_summary(self, summary: ThreadSummary) -> wire.Thread:
        """A stored thread as lists show it; a loaded one with its live status."""
        live = self.loaded.find(summary.thread_id)
        if live is not None:
            return live.to_wire()
        return project_thread(_facts(summary))

    def project_row(self, summary: ThreadSummary) -> wire.Thread:
        """A stored thread as a row of a list, which does not say whether the thread takes turns, loaded or not."""
        row = self.project_summary(summary)
        row.can_accept_direct_input = None
        return row


def _facts(summary: ThreadSummary) -> ThreadFacts:
    """What is known of a thread that is not loaded."""
    return ThreadFacts(
        meta=msgspec.structs.replace(summary.meta, git=summary.git),
        preview=summary.preview,
        ephemeral=False,
        model=summary.model,
        effort=summary.reasoning_effort,
        created_at=summary.created_at_ms // 1000,
        updated_at=summary.updated_at_ms // 1000,
        status=wire.NotLoadedThreadStatus(),
        path=summary.path,
        cwd=summary.meta.cwd,
        name=summary.name,
    )
