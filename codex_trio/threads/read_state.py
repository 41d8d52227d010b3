"""Which of a thread's turns its user has not seen yet.

Owns the position and its revision, in memory: a thread that is not loaded, or is loaded again, counts as read.
"""

from __future__ import annotations

import uuid

from codex_trio_protocol.v2.thread_list import (
    ThreadReadState,
    ThreadStartThreadUnreadPosition,
    ThreadUnreadPosition,
    TurnThreadUnreadPosition,
)


class ReadState:
    """From where one thread is unread; every change has a revision of its own."""

    def __init__(self, thread_id: str) -> None:
        self._first_unread: ThreadUnreadPosition | None = None
        self.revision = f"initial:{thread_id}"

    def turn_ended(self, turn_id: str) -> None:
        """A turn has something new to read."""
        self._first_unread = self._first_unread or TurnThreadUnreadPosition(turn_id=turn_id)
        self.revision = str(uuid.uuid4())

    def mark_read(self) -> None:
        """The user has seen everything."""
        self._first_unread = None
        self.revision = str(uuid.uuid4())

    def mark_unread(self) -> None:
        """The user wants the whole thread to count as unread."""
        self._first_unread = ThreadStartThreadUnreadPosition()
        self.revision = str(uuid.uuid4())

    def to_wire(self) -> ThreadReadState:
        """The wire form."""
        return ThreadReadState(first_unread=self._first_unread, revision=self.revision)
