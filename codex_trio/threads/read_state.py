"""Which of a thread's turns its user has not seen yet.

Owns what the position means and its revision. Keeping it over restarts is the store's business (state/store).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from codex_trio_protocol.v2.thread_list import (
    ThreadReadState,
    ThreadStartThreadUnreadPosition,
    ThreadUnreadPosition,
    TurnThreadUnreadPosition,
)

from codex_trio.state.store.read_states import StoredReadState


class ReadState:
    """From where one thread is unread; every change has a revision of its own, and is told to `keep`."""

    def __init__(
        self, thread_id: str, stored: StoredReadState | None, keep: Callable[[StoredReadState], None] | None = None
    ) -> None:
        self._state = stored or StoredReadState(None, f"initial:{thread_id}")
        self._keep = keep

    @property
    def revision(self) -> str:
        """What a client must know to change it."""
        return self._state.revision

    def turn_ended(self, turn_id: str) -> None:
        """A turn has something new to read."""
        first = self._state.first_unread
        self._set(turn_id if first is None else first)

    def mark_read(self) -> None:
        """The user has seen everything."""
        self._set(None)

    def mark_unread(self) -> None:
        """The user wants the whole thread to count as unread."""
        self._set("")

    def _set(self, first_unread: str | None) -> None:
        self._state = StoredReadState(first_unread, str(uuid.uuid4()))
        if self._keep is not None:
            self._keep(self._state)

    def to_wire(self) -> ThreadReadState:
        """The wire form."""
        first = self._state.first_unread
        position: ThreadUnreadPosition | None = None
        if first is not None:
            position = TurnThreadUnreadPosition(turn_id=first) if first else ThreadStartThreadUnreadPosition()
        return ThreadReadState(first_unread=position, revision=self._state.revision)
