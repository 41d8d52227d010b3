"""Which threads are loaded. Does not own loading and unloading them (`manager`, `hosting`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from codex_trio.threads import errors

if TYPE_CHECKING:
    from codex_trio.threads.live import LiveThread


class LoadedThreads:
    """The threads that are loaded, by id. Whoever loads and unloads them adds and removes them."""

    def __init__(self) -> None:
        self._threads: dict[str, LiveThread] = {}

    def get(self, thread_id: str) -> LiveThread:
        """Return a loaded thread. Raises ThreadError."""
        live = self.find(thread_id)
        if live is None:
            raise errors.not_found(thread_id)
        return live

    def find(self, thread_id: str) -> LiveThread | None:
        """Return a loaded thread, if it is one."""
        return self._threads.get(thread_id.lower())

    def all(self) -> Sequence[LiveThread]:
        """Return those that are loaded now."""
        return list(self._threads.values())

    @property
    def ids(self) -> list[str]:
        """Ids of the loaded threads, in ascending order."""
        return sorted(self._threads)

    def add(self, live: LiveThread) -> None:
        """Note that a thread is loaded."""
        self._threads[live.id] = live

    def remove(self, live: LiveThread) -> bool:
        """Note that a thread is not loaded any more; False when it was not."""
        if self._threads.get(live.id) is not live:
            return False
        del self._threads[live.id]
        return True
