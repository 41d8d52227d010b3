"""What of a thread counts as unread, in its wire form."""

from __future__ import annotations

from codex_trio_protocol.v2.thread_list import (
    ThreadReadState,
    ThreadStartThreadUnreadPosition,
    ThreadUnreadPosition,
    TurnThreadUnreadPosition,
)

from codex_trio.threads.read_state import ReadState


def read_state_to_wire(read_state: ReadState) -> ThreadReadState:
    """Return the wire form."""
    first = read_state.first_unread
    position: ThreadUnreadPosition | None = None
    if first is not None:
        position = TurnThreadUnreadPosition(turn_id=first) if first else ThreadStartThreadUnreadPosition()
    return ThreadReadState(first_unread=position, revision=read_state.revision)
