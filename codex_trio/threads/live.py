"""One loaded thread: its session, who follows it, and what it is doing.

Owns the status, the subscribers and the order of what they are told. Does not own the agent (engine/session), the
wire form of events (wire/events.py) or when a thread is loaded and unloaded (threads/manager.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import trio
from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2.thread_list import ThreadReadStateChangedNotification
from codex_trio_protocol.v2.turn_events import ThreadTokenUsageUpdatedNotification

from codex_trio.engine import events
from codex_trio.engine.session.session import Session
from codex_trio.rpc.context import ConnectionId
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.store.interface import MetadataPatch, ThreadSummary, patched
from codex_trio.threads.approvals import ThreadApprover
from codex_trio.threads.environments import environments_to_wire
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.read_state import ReadState
from codex_trio.wire.events import project, token_usage_notification
from codex_trio.wire.threads import ThreadFacts, project_thread

END_SECONDS = 60.0
"""How long a turn that was stopped, or a thread that is unloaded, may take to end before those who wait are refused."""


class LiveThread:
    """See the module. `session` is set by whoever makes the thread, which needs this object to make it."""

    session: Session

    def __init__(
        self,
        *,
        thread_id: str,
        recorder: ThreadRecorder,
        outgoing: OutgoingMessages,
        changed: Callable[[], None],
        read_state: ReadState,
        name: str | None,
        created_at: int,
        instruction_sources: Sequence[str],
    ) -> None:
        self.id = thread_id
        self.recorder = recorder
        self.name = name
        self.instruction_sources = list(instruction_sources)
        self.subscribers: set[ConnectionId] = set()
        self.read_state = read_state
        self.scope = trio.CancelScope()
        self.closed = trio.Event()
        self.approver = ThreadApprover(
            thread_id=thread_id,
            outgoing=outgoing,
            subscribers=lambda: self.subscribers,
            reviewer=lambda: self.session.settings.approvals_reviewer,
            on_waiting=self._waiting_changed,
        )
        self._outgoing = outgoing
        self._changed = changed
        self._created_at = created_at
        self._updated_at = created_at
        self._idle_since: float | None = None
        self._held: list[events.Event] | None = None
        self._status: Any = wire.IdleThreadStatus()

    # --- what a session reports ---

    def emit(self, event: events.Event) -> None:
        """Tells the subscribers of an event, and everybody of what it means for the thread's status."""
        if self._held is not None:
            self._held.append(event)
            return
        match event:
            case events.TurnStarted():
                self._touch()
                self._set_status(wire.ActiveThreadStatus(active_flags=[]))
            case events.ModelTrouble(will_retry=False):
                self._set_status(wire.SystemErrorThreadStatus())
            case events.TurnEnded():
                self._turn_ended(event)
                return
            case _:
                pass
        self._tell(event)

    def hold(self) -> None:
        """Keeps events back until `release`: the answer to a request goes before what it set off."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Tells what was kept back, and everything from now on."""
        held, self._held = self._held or [], None
        for event in held:
            self.emit(event)

    async def ready(self) -> None:
        """Waits while a subscriber is far behind."""
        await self._outgoing.ready(self.subscribers)

    def _turn_ended(self, event: events.TurnEnded) -> None:
        self._touch()
        # Of an ephemeral thread nothing is left to be read later.
        if not self.recorder.is_ephemeral and (event.status != "interrupted" or event.has_message):
            self.read_state.turn_ended(event.turn_id)
            self.announce_read_state()
        if event.status != "failed":
            self._set_status(wire.IdleThreadStatus())
        self._tell(event)
        self.approver.turn_over()

    def _tell(self, event: events.Event) -> None:
        projected = project(self.id, event)
        if projected is not None:
            method, params = projected
            self._outgoing.notify(method, params, targets=self.subscribers)

    def _touch(self) -> None:
        self._updated_at = int(time.time())
        self._changed()
        if self._idle_since is not None:
            self._idle_since = trio.current_time()

    def warn(self, message: str) -> None:
        """Tells the subscribers of something that they should know."""
        self._tell(events.ThreadWarning(message=message))

    # --- what is kept of it ---

    @property
    def is_ephemeral(self) -> bool:
        """Whether the thread leaves no trace."""
        return self.recorder.is_ephemeral

    @property
    def is_stored(self) -> bool:
        """Whether the thread can be found again: not before something was said in it."""
        return self.recorder.is_materialized

    async def keep(self) -> None:
        """Have the thread be stored from now on. Raises ThreadError for an ephemeral one, RolloutWriteError."""
        if self.is_ephemeral:
            raise ThreadError(f"ephemeral thread does not support metadata updates: {self.id}")
        await self.recorder.materialize()

    async def update_metadata(self, patch: MetadataPatch) -> None:
        """Change what the thread says of itself. Raises ThreadError for an ephemeral one, RolloutWriteError."""
        await self.keep()
        await self.recorder.update_meta(patched(self.recorder.meta, patch))
        self._changed()

    # --- turns ---

    async def end_turn(self) -> None:
        """Stop the turn, if one runs, and wait for its end. Raises ThreadError when it does not come."""
        active = self.session.active
        if active is not None:
            answered = trio.Event()
            answered.set()
            await active.interrupt(answered)
            await wait_for_end(active.ended, f"the turn of thread {self.id} was told to stop and has not ended yet")

    def warn_of_config(self) -> None:
        """Tells the subscribers what of the thread's configuration has no effect."""
        for text in self.session.config.thread_warnings:
            self.warn(text)

    # --- subscribers ---

    def subscribe(self, connection_id: ConnectionId) -> None:
        """This client hears of turns and items from now on, and is asked."""
        self.subscribers.add(connection_id)
        self._idle_since = None

    def unsubscribe(self, connection_id: ConnectionId) -> bool:
        """This client hears no more; whether it had been a subscriber. Turns and open questions go on."""
        if connection_id not in self.subscribers:
            return False
        self.subscribers.discard(connection_id)
        if not self.subscribers:
            self._idle_since = trio.current_time()
        return True

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody follows the thread and no turn runs in it."""
        return not self.subscribers and self.session.active is None

    def idle_seconds(self) -> float:
        """For how long nobody has followed the thread while nothing ran in it."""
        if self._idle_since is None or self.session.active is not None:
            return 0.0
        return trio.current_time() - self._idle_since

    # --- status ---

    @property
    def status(self) -> Any:
        """The thread's status in wire form."""
        return self._status

    def _waiting_changed(self) -> None:
        if isinstance(self._status, wire.ActiveThreadStatus):
            flags = ["waitingOnApproval"] if self.approver.waiting else []
            if flags != self._status.active_flags:
                self._set_status(wire.ActiveThreadStatus(active_flags=flags))

    def _set_status(self, status: Any) -> None:
        self._status = status
        self.announce_status(status)

    def announce_status(self, status: Any) -> None:
        """Tells every client of a status of this thread."""
        self._outgoing.notify(
            "thread/status/changed", wire.ThreadStatusChangedNotification(thread_id=self.id, status=status)
        )

    def announce_read_state(self) -> None:
        """Tells the subscribers what of the thread counts as unread."""
        self._outgoing.notify(
            "thread/readState/changed",
            ThreadReadStateChangedNotification(thread_id=self.id, read_state=self.read_state.to_wire()),
            targets=self.subscribers,
        )

    # --- what it is ---

    @property
    def facts(self) -> ThreadFacts:
        """What is known of the thread."""
        settings = self.session.settings
        meta = self.recorder.meta
        ephemeral = self.recorder.is_ephemeral
        return ThreadFacts(
            meta=meta,
            preview="" if ephemeral and meta.forked_from_id is None else self.recorder.facts.preview,
            ephemeral=ephemeral,
            model=settings.model,
            effort=settings.effort,
            created_at=self._created_at,
            updated_at=self._updated_at,
            status=self._status,
            path=self.recorder.path,
            cwd=str(settings.cwd),
            name=self.name,
            environments=environments_to_wire(settings),
        )

    def summary(self) -> ThreadSummary | None:
        """The thread as a list of stored ones shows it; None while it is not to be found there."""
        recorder = self.recorder
        if recorder.is_ephemeral or not recorder.is_materialized:
            return None
        return ThreadSummary(
            thread_id=self.id,
            path=recorder.path,
            is_archived=False,
            meta=recorder.meta,
            preview=recorder.facts.preview,
            name=self.name,
            model=self.session.settings.model,
            reasoning_effort=self.session.settings.effort,
            git=recorder.meta.git,
            created_at_ms=self._created_at * 1000,
            updated_at_ms=self._updated_at * 1000,
        )

    def to_wire(self) -> wire.Thread:
        """The wire form, without turns."""
        return project_thread(self.facts)

    def usage_notification(self) -> ThreadTokenUsageUpdatedNotification | None:
        """The thread's token use, also by a running turn, as of its last turn of which it is stored; None without any.

        It is that of the running turn where there is no other (0.171.0).
        """
        usage, active = self.session.usage, self.session.active
        turn_id = self.recorder.facts.token_usage_turn_id or (None if active is None else active.id)
        return None if usage is None or turn_id is None else token_usage_notification(self.id, turn_id, usage)


async def wait_for_end(event: trio.Event, complaint: str) -> None:
    """Wait for an end. Raises ThreadError, with that complaint, when it does not come."""
    with trio.move_on_after(END_SECONDS) as waiting:
        await event.wait()
    if waiting.cancelled_caught:
        raise ThreadError(f"{complaint}: the disk may not answer; try again")
