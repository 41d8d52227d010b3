"""What clients are told of one loaded thread, and in which order.

Owns the thread's status, and keeps events back until the request that set them off is answered. Does not own who
follows the thread (`followers`) nor the protocol's form of events (the clients' port).
"""

from __future__ import annotations

from collections.abc import Callable

from codex_trio.engine import events
from codex_trio.engine.settings import ThreadSettings
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.facts import ACTIVE, IDLE, SYSTEM_ERROR, ThreadStatus
from codex_trio.threads.followers import Followers
from codex_trio.threads.read_state import ReadState


class Announcer:
    """Tells of one thread.

    Args:
        keeps_read_state: whether there will be something to read later; of an ephemeral thread nothing is left.
        on_turn: called when a turn begins and when it ends, before anybody is told.
        on_turn_told: called once the end of a turn was told.
    """

    def __init__(
        self,
        *,
        thread_id: str,
        clients: ThreadClients,
        followers: Followers,
        read_state: ReadState,
        keeps_read_state: bool,
        on_turn: Callable[[], None],
        on_turn_told: Callable[[], None],
    ) -> None:
        self.status = IDLE
        self._id = thread_id
        self._clients = clients
        self._followers = followers
        self._read_state = read_state
        self._keeps_read_state = keeps_read_state
        self._on_turn = on_turn
        self._on_turn_told = on_turn_told
        self._held: list[events.Event] | None = None

    def emit(self, event: events.Event) -> None:
        """Tell the followers of an event, and everybody of what it means for the thread's status."""
        if self._held is not None:
            self._held.append(event)
            return
        match event:
            case events.TurnStarted():
                self._on_turn()
                self._set_status(ACTIVE)
            case events.ErrorReported(will_retry=False):
                self._set_status(SYSTEM_ERROR)
            case events.TurnEnded():
                self._turn_ended(event)
                return
            case _:
                pass
        self.tell(event)

    def hold(self) -> None:
        """Keep events back until `release`: the answer to a request goes before what it set off."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Tell what was kept back, and everything from now on."""
        held, self._held = self._held or [], None
        for event in held:
            self.emit(event)

    def tell(self, event: events.Event) -> None:
        """Tell the followers of an event at once, whatever it means."""
        is_for_all = isinstance(event, events.GoalUpdated | events.GoalCleared)
        self._clients.tell_event(self._id, event, None if is_for_all else self._followers.clients)

    def tell_status(self) -> None:
        """Tell every client what the thread is doing."""
        self._clients.tell_status(self._id, self.status)

    def tell_read_state(self) -> None:
        """Tell every client what of the thread counts as unread."""
        self._clients.tell_read_state(self._id, self._read_state)

    def tell_settings(self, settings: ThreadSettings) -> None:
        """Tell the followers what later turns run with."""
        self._clients.tell_settings(self._id, settings, self._followers.clients)

    def waiting_changed(self, *, waits_for_approval: bool, waits_for_input: bool) -> None:
        """Tell every client whether the thread waits for somebody's answer."""
        status = ThreadStatus("active", waits_for_approval=waits_for_approval, waits_for_input=waits_for_input)
        if self.status.kind == "active" and status != self.status:
            self._set_status(status)

    def _turn_ended(self, event: events.TurnEnded) -> None:
        self._on_turn()
        if self._keeps_read_state and _is_to_be_read(event):
            self._read_state.turn_ended(event.turn_id)
            self.tell_read_state()
        if event.status != "failed":
            self._set_status(IDLE)
        self.tell(event)
        self._on_turn_told()

    def _set_status(self, status: ThreadStatus) -> None:
        self.status = status
        self.tell_status()


def _is_to_be_read(event: events.TurnEnded) -> bool:
    """Return whether a turn left something that its user has yet to read."""
    if event.goes_on:
        return False
    return event.status == "failed" or event.has_message or (event.status == "completed" and not event.is_upkeep)
