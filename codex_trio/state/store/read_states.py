"""Which threads a user has not read: what a store of that promises.

Does not own what the position means (threads/read_state.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec


class StoredReadState(msgspec.Struct, frozen=True):
    """From where a thread is unread: a turn id, empty for its start, None for nowhere."""

    first_unread: str | None
    revision: str


class ReadStates(Protocol):
    """The read states of all threads; a thread that none was kept for is read."""

    def put(self, thread_id: str, state: StoredReadState) -> None:
        """Keep a thread's read state from now on."""
        ...

    async def settle(self) -> None:
        """Return once what was put is kept for good. Raises ThreadStoreError when nothing can be kept now."""
        ...

    async def get(self, thread_ids: Iterable[str]) -> Mapping[str, StoredReadState]:
        """Return what was kept for these threads."""
        ...
