"""Which threads a user has not read, for as long as the process lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import trio

from codex_trio.state.store.read_states import StoredReadState


class MemoryReadStates:
    """Those of a process that keeps nothing."""

    def __init__(self) -> None:
        self._states: dict[str, StoredReadState] = {}

    def put(self, thread_id: str, state: StoredReadState) -> None:
        self._states[thread_id] = state

    async def settle(self) -> None:
        await trio.lowlevel.checkpoint()

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        await trio.lowlevel.checkpoint()
        return {thread_id: state for thread_id in thread_ids if (state := self._states.get(thread_id))}

    def forget(self, thread_ids: Iterable[str]) -> None:
        """Drop those of threads that are gone."""
        for thread_id in thread_ids:
            self._states.pop(thread_id, None)
