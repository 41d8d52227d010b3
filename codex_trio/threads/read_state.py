"""Which of a thread's turns its user has not seen yet.

Owns the position and its revision, in memory: a thread that is loaded again counts as read.
"""

from __future__ import annotations

import uuid

from codex_trio_protocol.v2.thread_list import ThreadReadState, TurnThreadUnreadPosition


class ReadState:
    """The first unread turn of one thread; every change has a revision of its own."""

    def __init__(self, thread_id: str) -> None:
        self._first_unread: str | None = None
        self.revision = f"initial:{thread_id}"

    def turn_ended(self, turn_id: str) -> None:
        """A turn has something new to read."""
        self._first_unread = self._first_unread or turn_id
        self.revision = str(uuid.uuid4())

    def mark_read(self) -> None:
        """The user has seen everything."""
        self._first_unread = None
        self.revision = str(uuid.uuid4())

    def mark_unread(self, turn_id: str | None) -> None:
        """The user wants the thread to count as unread, from this turn on."""
        self._first_unread = turn_id
        self.revision = str(uuid.uuid4())

    def to_wire(self) -> ThreadReadState:
        """The wire form."""
        position = None if self._first_unread is None else TurnThreadUnreadPosition(turn_id=self._first_unread)
        return ThreadReadState(first_unread=position, revision=self.revision)
