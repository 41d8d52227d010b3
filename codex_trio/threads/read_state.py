"""Which of a thread's turns its user has not seen yet.

Owns what the position means and its revision. Keeping it over restarts is the store's business (state/store).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from codex_trio.state.store.read_states import StoredReadState
from codex_trio.threads.errors import ThreadError


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

    @property
    def first_unread(self) -> str | None:
        """The first turn that has not been read: empty for the whole thread, None when everything has been."""
        return self._state.first_unread

    def mark(self, *, as_read: bool, expected_revision: str) -> None:
        """Note what the user wants, for who knows the latest revision. Raises ReadStateConflict."""
        if expected_revision != self.revision:
            raise ReadStateConflict(self)
        if as_read:
            self.mark_read()
        else:
            self.mark_unread()

    def turn_ended(self, turn_id: str) -> None:
        """Note that a turn has something new to read."""
        first = self._state.first_unread
        self._set(turn_id if first is None else first)

    def mark_read(self) -> None:
        """Note that the user has seen everything."""
        self._set(None)

    def mark_unread(self) -> None:
        """Note that the user wants the whole thread to count as unread."""
        self._set("")

    def _set(self, first_unread: str | None) -> None:
        self._state = StoredReadState(first_unread, str(uuid.uuid4()))
        if self._keep is not None:
            self._keep(self._state)


class ReadStateConflict(ThreadError):
    """Somebody marked the thread meanwhile, or a turn ended: `now` is what holds."""

    def __init__(self, now: ReadState) -> None:
        super().__init__("read state changed")
        self.now = now
