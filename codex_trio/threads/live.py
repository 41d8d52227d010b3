"""One loaded thread: the verbs of requests about it, and what it is.

Does not own the agent (engine/session), who follows the thread (`followers`), what they are told in which order
(`announcer`), or when a thread is loaded and unloaded (`manager`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine import events
from codex_trio.engine.pending_input import PendingInput
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.session import AnyTask, Session, TurnInProgress
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.tasks.turn import Turn
from codex_trio.engine.turn_request import TurnRequest, UserInput
from codex_trio.state.history.recorder import ThreadRecorder
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.rollout.events import TokenUsageInfo
from codex_trio.state.store.interface import MetadataPatch, ThreadSummary, patched
from codex_trio.threads import errors
from codex_trio.threads.allowed import HeldSettings
from codex_trio.threads.announcer import Announcer
from codex_trio.threads.approvals import ThreadApprover
from codex_trio.threads.clients import ClientId, ThreadClients
from codex_trio.threads.commands import BackgroundCommand
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.facts import ThreadFacts
from codex_trio.threads.followers import Followers
from codex_trio.threads.read_state import ReadState
from codex_trio.threads.requests import PendingAnswer, TurnTaken
from codex_trio.tools.running import ENDED_BY_CLIENT

END_SECONDS = 60.0
"""How long a turn that was stopped, or a thread that is unloaded, may take to end before those who wait are refused."""


class LiveThread:
    """A loaded thread. Its maker sets `session`, which cannot be made without this object."""

    session: Session

    def __init__(
        self,
        *,
        thread_id: str,
        recorder: ThreadRecorder,
        clients: ThreadClients,
        changed: Callable[[], None],
        read_state: ReadState,
        name: str | None,
        created_at: int,
        instruction_sources: Sequence[str],
        held: Callable[[ThreadSettings], HeldSettings],
    ) -> None:
        self.id = thread_id
        self.recorder = recorder
        self.name = name
        self.instruction_sources = list(instruction_sources)
        self.read_state = read_state
        self.scope = trio.CancelScope()
        self.closed = trio.Event()
        self._followers = Followers()
        self.approver = ThreadApprover(
            thread_id=thread_id,
            clients=clients,
            subscribers=self._followers.clients,
            choice=lambda: (self.session.active or self.session).settings.approvals_reviewer,
            on_waiting=self._waiting_changed,
        )
        self._announcer = Announcer(
            thread_id=thread_id,
            clients=clients,
            followers=self._followers,
            read_state=read_state,
            keeps_read_state=not recorder.is_ephemeral,
            on_turn=self._touch,
            on_turn_told=self.approver.turn_ended,
        )
        self._clients = clients
        self._changed = changed
        self._held = held
        self._created_at = created_at
        self._updated_at = created_at

    # --- what a session reports ---

    def emit(self, event: events.Event) -> None:
        """Tell the subscribers of an event, and everybody of what it means for the thread's status."""
        self._announcer.emit(event)

    async def ready(self) -> None:
        """Wait while a subscriber is far behind."""
        await self._clients.ready(self.subscribers)

    def warn(self, message: str) -> None:
        """Tell the subscribers something that they should know."""
        self._announcer.tell(events.ThreadWarning(message=message))

    def _touch(self) -> None:
        self._updated_at = int(time.time())
        self._changed()
        self._followers.start_clock_anew()

    def _waiting_changed(self) -> None:
        self._announcer.waiting_changed(
            waits_for_approval=self.approver.waiting, waits_for_input=self.approver.asks_user
        )

    # --- turns ---

    @property
    def runs_turn(self) -> bool:
        """Whether a turn is under way."""
        return self.session.active is not None

    async def start_turn(self, request: TurnRequest, overrides: TurnOverrides, answer: PendingAnswer) -> TurnTaken:
        """Have the input taken up by the turn that runs, else by a new one; return which, once the input is stored.

        The overrides hold for later turns too. What the turn tells comes after the answer.

        Raises RulesError, RolloutWriteError, ShuttingDown, TakesNoInput.
        """
        session = self.session
        await self._refresh()
        before = session.settings
        running = session.active
        pending = session.add_input(request.input, answer.answered)
        if running is not None and pending is not None:
            async with self._accepting(pending):
                await self._change(overrides)
            self._tell_settings_if_other(before)
            return TurnTaken(running.id, running.root_id)
        while True:
            try:
                turn = self.launch_turn(request, overrides, answer=answer)
                break
            except TurnInProgress:
                # The running turn takes no input any more: it is about to end.
                await session.wait_for_turn()
        # Answered is stored: whatever ends this process from then on, the user need not say it again.
        await turn.stored.wait()
        self._tell_settings_if_other(before)
        return TurnTaken(turn.id, request.root_id)

    async def prepare_turn(self) -> None:
        """Look at what may have changed since the last turn, unless one runs. Raises RulesError.

        For turns whose settings nobody has just asked for: they too are held to what an administrator allows now.
        """
        await self._refresh()
        before = self.settings
        held = self._held(before)
        for warning in held.warnings:
            self.warn(warning)
        self.session.change(TurnOverrides(**held.taken_back(before)))
        self._tell_settings_if_other(before)

    async def _refresh(self) -> None:
        if self.session.active is None:
            await self.session.policy.refresh()

    def launch_turn(self, request: TurnRequest, overrides: TurnOverrides, *, answer: PendingAnswer | None) -> Turn:
        """Start a turn; what it tells comes after the answer, if there is to be one.

        Raises TurnInProgress, ShuttingDown.
        """
        return self.launch(partial(Turn, request=request), overrides, answer=answer)

    def launch(
        self, make: Callable[[TaskContext], AnyTask], overrides: TurnOverrides, *, answer: PendingAnswer | None
    ) -> AnyTask:
        """Start work of any kind in the same way."""
        task = self.session.begin(make, overrides)
        if answer is not None:
            self._announcer.hold()
            answer.when_answered(self._announcer.release)
        self.session.launch(task)
        return task

    async def replace_turn(self, make: Callable[[TaskContext], AnyTask], answer: PendingAnswer) -> AnyTask:
        """Start work for which a turn that runs is stopped. Raises ThreadError when that does not end, ShuttingDown."""
        while True:
            await self.end_turn(replaced=True)
            try:
                return self.launch(make, TurnOverrides(), answer=answer)
            except TurnInProgress:
                # A message that waited was faster.
                continue

    async def steer(self, given: UserInput, *, expected_turn_id: str, answer: PendingAnswer) -> str:
        """Say more to the running turn, which must be the expected one; return its id, once the input is stored.

        Raises ThreadError, RolloutWriteError, TakesNoInput.
        """
        active = self.session.active
        if active is None or not active.accepts_input:
            raise ThreadError("no active turn to steer")
        if active.id != expected_turn_id:
            raise ThreadError(f"expected active turn id `{expected_turn_id}` but found `{active.id}`")
        if not given.content:
            raise ThreadError("input must not be empty")
        pending = self.session.add_input(given, answer.answered)
        assert pending is not None
        async with self._accepting(pending):
            return active.id

    @contextlib.asynccontextmanager
    async def _accepting(self, pending: PendingInput) -> AsyncGenerator[None]:
        """Around what else is to be done before it is answered that a running turn was told more.

        Answered is stored: whatever ends this process from then on, the user need not say it again. If it cannot be
        stored, or nobody is there any more to be answered, it does not count.
        """
        try:
            await self.session.store_input(pending)
            yield
        except BaseException:
            pending.withdraw()
            raise

    async def interrupt(self, turn_id: str, answer: PendingAnswer) -> None:
        """Stop the running turn, which must be that one unless the id is empty; return when its history is marked.

        Its end is told after the answer. Raises ThreadError.
        """
        active = self.session.active
        if active is None:
            if not turn_id:
                return
            raise ThreadError("no active turn to interrupt")
        if turn_id and turn_id != active.id:
            raise ThreadError(f"expected active turn id {turn_id} but found {active.id}")
        # The answer waits for the turn; a second interruption need not wait for the answer.
        answer.leave_scope()
        await active.interrupt(answer.answered)

    async def end_turn(self, *, replaced: bool = False) -> None:
        """Stop the turn, if one runs, and wait for its end; `replaced` when other work takes its place.

        Raises ThreadError when it does not end.
        """
        active = self.session.active
        if active is not None:
            answered = trio.Event()
            answered.set()
            await active.interrupt(answered, replaced=replaced)
            await wait_for_end(active.ended, f"the turn of thread {self.id} was told to stop and has not ended yet")

    # --- what it works with ---

    @property
    def settings(self) -> ThreadSettings:
        """What later turns run with."""
        return self.session.settings

    @property
    def config(self) -> EffectiveConfig:
        """The configuration that the thread was loaded with."""
        return self.session.config

    async def change_settings(self, overrides: TurnOverrides) -> None:
        """Change what later turns run with; a turn that runs goes on as it began. Raises RolloutWriteError."""
        before = self.settings
        await self._change(overrides)
        self._tell_settings_if_other(before)

    async def _change(self, overrides: TurnOverrides) -> None:
        self.session.change(overrides)
        await self.session.store_settings()

    def _tell_settings_if_other(self, before: ThreadSettings) -> None:
        if self.settings != before:
            self._announcer.tell_settings(self.settings)

    async def inject(self, items: Sequence[ResponseItem]) -> None:
        """Add items of a client to what the model remembers. Raises RolloutReadError, RolloutWriteError."""
        await self.session.inject(items)

    @property
    def background_commands(self) -> list[BackgroundCommand]:
        """The commands that run, oldest first."""
        running = sorted(self.session.running, key=lambda command: command.session.started_at)
        return [BackgroundCommand.of(command) for command in running]

    async def end_commands(self) -> None:
        """End all commands that run. Raises RolloutWriteError."""
        for command in self.session.running:
            await self.session.running.kill(command, because=ENDED_BY_CLIENT)

    async def end_command(self, process_id: int) -> bool:
        """End one command; False when it does not run any more. Raises RolloutWriteError."""
        command = self.session.running.get(process_id)
        if command is None or not command.is_running:
            return False
        await self.session.running.kill(command, because=ENDED_BY_CLIENT)
        return True

    # --- what is kept of it ---

    @property
    def is_ephemeral(self) -> bool:
        """Whether the thread leaves no trace."""
        return self.recorder.is_ephemeral

    @property
    def is_stored(self) -> bool:
        """Whether the thread can be found again: not before something was said in it."""
        return self.recorder.is_materialized

    @property
    def is_paginated(self) -> bool:
        """Whether the thread is kept in today's form, and not in that of older releases."""
        return self.recorder.meta.is_paginated

    @property
    def path(self) -> Path | None:
        """The rollout file, which may not exist yet; None for a thread that is not kept in one."""
        return self.recorder.path

    @property
    def history(self) -> RolloutHistory | None:
        """All that has been recorded; None for a thread that leaves no trace."""
        return self.recorder.history

    def stored_history(self, *, ephemeral: str | None = None, unsaid: str | None = None) -> RolloutHistory:
        """Return all that has been recorded.

        Raises ThreadError, with these words, for an ephemeral thread, and for one in which nothing has been said yet;
        by default they do not differ from one that there is not.
        """
        history = self.history
        if history is None:
            raise errors.no_rollout(self.id) if ephemeral is None else ThreadError(ephemeral)
        if not self.is_stored:
            raise errors.no_rollout(self.id) if unsaid is None else ThreadError(unsaid)
        return history

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

    def mark(self, *, as_read: bool, expected_revision: str) -> None:
        """Mark the thread as read or unread, for who knows its latest revision. Raises ReadStateConflict."""
        self.read_state.mark(as_read=as_read, expected_revision=expected_revision)
        self._announcer.tell_read_state()

    def warn_of_config(self) -> None:
        """Tell the subscribers what of the thread's configuration has no effect."""
        for text in self.config.thread_warnings:
            self.warn(text)

    # --- subscribers ---

    @property
    def subscribers(self) -> AbstractSet[ClientId]:
        """The clients that hear of turns and items, and are asked."""
        return self._followers.clients

    def subscribe(self, client: ClientId) -> None:
        """Have a client hear of turns and items from now on, and be asked."""
        self._followers.add(client)

    def unsubscribe(self, client: ClientId) -> bool:
        """Have a client hear no more; whether it had been a subscriber. Turns and open questions go on."""
        return self._followers.remove(client)

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody follows the thread and no turn runs in it."""
        return not self.subscribers and not self.runs_turn

    async def left_alone(self, seconds: float) -> None:
        """Return once nobody has followed the thread, and nothing ran in it, for so many seconds."""
        await self._followers.left_alone(
            seconds, is_busy=lambda: self.runs_turn, wait_until_idle=self.session.wait_for_turn
        )

    async def unfollowed(self, seconds: float) -> None:
        """Return once nobody has followed the thread for so many seconds on end, whatever runs in it."""
        await self._followers.unfollowed(seconds)

    # --- what it is ---

    def tell_status(self) -> None:
        """Tell every client what the thread is doing."""
        self._announcer.tell_status()

    @property
    def last_usage(self) -> tuple[str, TokenUsageInfo] | None:
        """The last turn of which token use is stored, and the thread's use, also by a running turn; None without any.

        It is the running turn where there is no other (0.171.0).
        """
        usage, active = self.session.usage, self.session.active
        turn_id = self.recorder.facts.token_usage_turn_id or (None if active is None else active.id)
        return None if usage is None or turn_id is None else (turn_id, usage)

    @property
    def facts(self) -> ThreadFacts:
        """What is known of the thread."""
        settings, recorder = self.settings, self.recorder
        meta = recorder.meta
        return ThreadFacts(
            meta=meta,
            preview="" if self.is_ephemeral and meta.forked_from_id is None else recorder.facts.preview,
            ephemeral=self.is_ephemeral,
            model=settings.model,
            effort=settings.effort,
            created_at=self._created_at,
            updated_at=self._updated_at,
            status=self._announcer.status,
            path=recorder.path,
            cwd=str(settings.cwd),
            name=self.name,
            environments=settings.selected(),
        )

    def summary(self) -> ThreadSummary | None:
        """Return the thread as a list of stored ones shows it; None while it is not to be found there."""
        if not self.is_stored:
            return None
        recorder = self.recorder
        return ThreadSummary(
            thread_id=self.id,
            path=recorder.path,
            is_archived=False,
            meta=recorder.meta,
            preview=recorder.facts.preview,
            name=self.name,
            model=self.settings.model,
            reasoning_effort=self.settings.effort,
            git=recorder.meta.git,
            created_at_ms=self._created_at * 1000,
            updated_at_ms=self._updated_at * 1000,
        )


async def wait_for_end(event: trio.Event, complaint: str) -> None:
    """Wait for an end. Raises ThreadError, with that complaint, when it does not come."""
    with trio.move_on_after(END_SECONDS) as waiting:
        await event.wait()
    if waiting.cancelled_caught:
        raise ThreadError(f"{complaint}: the disk may not answer; try again")
