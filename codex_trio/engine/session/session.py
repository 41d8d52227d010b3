"""One thread's agent: its parts, and the task that runs.

Owns how tasks begin, run one at a time and are told more. Does not own subscribers or status (threads/live.py), what a
task does (engine/tasks), what the thread remembers and has used (its parts), or the services it is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.pending_input import PendingInput
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.memory import Memory
from codex_trio.engine.session.services import EngineServices, Listener, ThreadServices
from codex_trio.engine.session.state import SessionState
from codex_trio.engine.session.surroundings import ModelSurroundings
from codex_trio.engine.session.task import Task
from codex_trio.engine.session.task_context import SessionParts, TaskContext
from codex_trio.engine.session.usage import SessionUsage
from codex_trio.engine.session.warnings import ThreadWarnings
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.engine.turn_request import TurnInput
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.state.rollout.events import TokenUsageInfo
from codex_trio.tools.review import SessionApprovals
from codex_trio.tools.running import RunningCommands

Result = TypeVar("Result")
AnyTask = TypeVar("AnyTask", bound=Task)


class TurnInProgress(Exception):
    """A turn runs already."""


class Session:
    """Tasks run in the thread's nursery."""

    def __init__(
        self,
        *,
        thread_id: str,
        settings: ThreadSettings,
        usage: TokenUsageInfo | None,
        services: EngineServices,
        thread: ThreadServices,
        listener: Listener,
        raw_items: bool,
    ) -> None:
        warnings = ThreadWarnings(listener.emit)
        self._memory = Memory(
            thread.recorder,
            pictures=lambda: self._in_effect.pictures,
            output_limit=lambda: self._in_effect.model.tool_output_token_limit,
            warnings=warnings,
        )
        self._state = SessionState(thread_id, settings, thread.environments)
        self._parts = SessionParts(
            thread_id=thread_id,
            raw_items=raw_items,
            services=services,
            thread=thread,
            listener=listener,
            state=self._state,
            memory=self._memory,
            usage=SessionUsage(thread_id, usage, listener.emit),
            surroundings=ModelSurroundings(services, thread, memory=self._memory, warnings=warnings),
            warnings=warnings,
            running=RunningCommands(thread.environments.commands),
            approvals=SessionApprovals(),
        )
        self._gate = services.gate
        self._services = services
        self._thread = thread
        self._listener = listener
        self.thread_id = thread_id
        self.raw_items = raw_items
        self.running = self._parts.running

    # --- what it is at ---

    @property
    def settings(self) -> ThreadSettings:
        """What later turns run with."""
        return self._state.settings

    @property
    def active(self) -> Task | None:
        """The task that runs, or is about to."""
        return self._state.active

    @property
    def usage(self) -> TokenUsageInfo | None:
        """What the thread has used; None when no response has said so."""
        return self._parts.usage.info

    @property
    def policy(self) -> CommandPolicy:
        """The thread's rules for commands."""
        return self._thread.policy

    @property
    def config(self) -> EffectiveConfig:
        """The configuration that the thread was loaded with."""
        return self._thread.config

    @property
    def _in_effect(self) -> TaskContext:
        return TaskContext(self._parts, self._state.in_effect)

    def knows_model(self, model: str) -> bool:
        """Return whether anything is known of a model."""
        return self._services.model(self.config, model).known

    def change(self, overrides: TurnOverrides) -> None:
        """Change the settings of later turns; one that runs goes on as it began."""
        self._state.change(overrides)

    async def store_settings(self) -> None:
        """Store what later turns run with, so that it outlives a restart before there is one of them.

        Raises RolloutWriteError. A thread that is not stored yet tells its settings with its first turn.
        """
        unstored = self._state.unstored() if self._thread.recorder.is_materialized else None
        if unstored is not None:
            settings, line = unstored
            await self._memory.record([line])
            self._state.note_stored(settings)

    # --- tasks ---

    def begin(self, make: Callable[[TaskContext], AnyTask], overrides: TurnOverrides) -> AnyTask:
        """Return a new task, not yet running; the overrides hold from now on. Raises TurnInProgress, ShuttingDown."""
        self._gate.check()
        if self._state.active is not None:
            raise TurnInProgress
        self._state.change(overrides)
        task = make(self._in_effect)
        self._state.active = task
        return task

    def launch(self, task: Task) -> None:
        """Run a task in the thread's nursery."""
        self._thread.nursery.start_soon(self._run, task)
        self._gate.enter()

    async def _run(self, task: Task) -> None:
        try:
            await task.run()
        finally:
            self._gate.leave()

    async def wait_for_turn(self) -> None:
        """Return when the running task, if there is one, has ended."""
        if self.active is not None:
            await self.active.ended.wait()

    def add_input(self, given: TurnInput, answered: trio.Event) -> PendingInput | None:
        """Say more to the running task; None when none takes input.

        It is taken up once `answered` is set; before that, `store_input`.
        """
        if self.active is None or not self.active.accepts_input:
            return None
        return self.active.add_input(given, answered)

    async def store_input(self, pending: PendingInput) -> None:
        """Store what a turn has yet to take up, so that it outlives the process whatever the turn is doing.

        Raises RolloutWriteError.
        """
        line = await pending.accepted_line()
        if line is not None:
            await self._memory.record([line])

    async def beside(self, work: Callable[[TaskContext], Awaitable[Result]], overrides: TurnOverrides) -> Result:
        """Do work that takes no place among the tasks, with what they have; the overrides hold for it alone."""
        return await work(TaskContext(self._parts, overrides.apply(self._state.in_effect)))

    async def model_items(self) -> Sequence[ResponseItem]:
        """Return what the model has seen so far. Raises RolloutReadError, RolloutWriteError."""
        await self._memory.recall()
        return tuple(self._memory.history.items)

    # --- between tasks ---

    async def inject(self, items: Sequence[ResponseItem]) -> None:
        """Add items of a client to the model's history, after the context that belongs before them."""
        context = await self._in_effect.context_items()
        added = [*context, *await self._in_effect.pictures.checked(items)]
        stored = await self._memory.remember(added)
        if self.raw_items:
            # They belong to no turn unless one runs.
            turn_id = uuid7() if self.active is None else self.active.id
            for item in stored:
                self._listener.emit(events.RawItem(turn_id=turn_id, item=item))
