"""What all work has in common that clients see as a turn: it begins, can be stopped, and its end is stored and told.

Owns interruption and the end of a turn, whatever it does. Does not own what that is: each kind of work is a class of
its own that says it in `_do`.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property, partial
from typing import NamedTuple, NoReturn, cast

import trio

from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.events import TurnFailure
from codex_trio.engine.history import message_item
from codex_trio.engine.instructions import turn_aborted_marker
from codex_trio.engine.pending_input import PendingInput
from codex_trio.engine.repository_look import RepositoryLook
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.companion import NO_WORDS, TurnEnd, TurnFacts
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.turn_request import TurnInput
from codex_trio.model.errors import OTHER, ModelError
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.events import TaskComplete, TaskStarted, TurnAborted, TurnError
from codex_trio.state.rollout.lines import Payload
from codex_trio.tools.running import INTERRUPTED, RunningCommand
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

INTERRUPT_SECONDS = 10.0
"""How long `turn/interrupt` waits until the turn's history is marked. The turn's end is told however long it takes."""


class ClientTurn(ABC):
    """One such turn, from its beginning to its end. `run` it once; it can be stopped from the moment it is made."""

    is_upkeep = False
    """Whether it is work on the thread itself, of which there is nothing to read when it went well."""

    def __init__(
        self,
        context: TaskContext,
        *,
        turn_id: str,
        root_id: str,
        trigger: str | None = None,
        parent_turn_id: str | None = None,
    ) -> None:
        self.id = turn_id
        self.root_id = root_id
        self.settings = context.settings
        self.ended = trio.Event()
        self.stored = trio.Event()
        """Set when what the turn began with survives the end of this process, or the turn is over without it."""
        self.started_at: int | None = None
        self.started_ms: int | None = None
        self.accepts_input = True
        self._trigger = trigger
        self._parent_turn_id = parent_turn_id
        self._context = context
        self._scope = trio.CancelScope()
        self._is_replaced = False
        self._aborted = trio.Event()
        self._answers: list[trio.Event] = []
        self._log = context.log(self.id)
        self._is_concluding = False
        """Whether the model has said all, and what its last response used is stored with the end of the turn."""
        self._last_words = NO_WORDS
        self._repository = RepositoryLook()

    # --- what a kind of work says ---

    @abstractmethod
    def add_input(self, given: TurnInput, answered: trio.Event) -> PendingInput:
        """Say more while it runs; it is taken up once `answered` is set. Raises TakesNoInput."""

    @abstractmethod
    async def _do(self) -> None:
        """Do everything that can be interrupted. Raises ModelError, RolloutReadError, RolloutWriteError."""

    async def _wind_up(self) -> None:
        """Answer what is open after an interruption."""
        await trio.lowlevel.checkpoint_if_cancelled()

    def _concluded(self) -> None:
        """Tell what was stored with the end of the turn."""
        self._is_concluding = False

    def _let_go(self) -> None:
        """Drop what knows how to stop this turn: apart they go at once, and all that the turn did goes with them."""
        self._answers.clear()

    @property
    def _first_token_ms(self) -> int | None:
        return None

    @property
    def _calls(self) -> int:
        """How many tools the model has called."""
        return 0

    # --- being stopped ---

    async def interrupt(self, answered: trio.Event, *, replaced: bool = False) -> None:
        """Stop the turn and return when its history is marked, or when that takes too long for anybody to wait.

        `replaced`: other work takes its place.

        The end is told once `answered` is set: when the caller told its client, or never will.
        """
        self._answers.append(answered)
        self._is_replaced = replaced
        self._scope.cancel()
        with trio.move_on_after(INTERRUPT_SECONDS):
            await self._aborted.wait()

    async def stop(self) -> NoReturn:
        """End the turn as interrupted, from inside one of its tools."""
        self._scope.cancel()
        await trio.sleep_forever()
        raise AssertionError("unreachable")

    # --- from the start to the end ---

    async def run(self) -> None:
        """Run the turn to its end, whatever that is, and say so; raise only when the whole server is cancelled."""
        watch = _Stopwatch()
        self.started_ms = now_ms()
        self.started_at = self.started_ms // 1000
        failure: TurnFailure | None = None
        finished = False
        mode: str = self.settings.mode["mode"]
        self._context.companions.began(TurnFacts(turn_id=self.id, trigger=self._trigger, mode=mode))
        try:
            with self._scope:
                failure = await self._work()
                await self._context.hooks_settled()
                finished = True
        finally:
            self._repository.end()
            self.accepts_input = False
            self.stored.set()
            # No deadline: what is told below is promised. What it waits for (processes, the disk) ends by itself.
            with trio.CancelScope(shield=True):
                await self._end(failure, watch, finished=finished)

    def _started_line(self) -> TaskStarted:
        assert self.started_at is not None
        return TaskStarted.root(
            self.id,
            started_at=self.started_at,
            model_context_window=self._context.model.effective_context_window,
            trigger=self._trigger,
            parent_turn_id=self._parent_turn_id,
            root_turn_id=self.root_id,
        )

    def _tell_start(self, surroundings: Sequence[ResponseItem]) -> None:
        assert self.started_at is not None
        self._log.emit(events.TurnStarted(turn_id=self.id, root_turn_id=self.root_id, started_at=self.started_at))
        self._log.show_raw(*surroundings)
        self._context.warn_about_model()

    def _usage_lines(self) -> list[Payload]:
        return self._context.usage.lines(self._log.rate_limits)

    async def _work(self) -> TurnFailure | None:
        """Do the work; return the failure that ended it, if one did."""
        try:
            self._repository = self._context.look_at_repository()
            await self._do()
        except ModelError as error:
            return TurnFailure(message=error.message, info=error.info, additional_details=error.additional_details)
        except RolloutWriteError as error:
            return _cannot_store(error)
        except RolloutReadError as error:
            return TurnFailure(message=f"what was said before cannot be read: {error}", info=OTHER)
        except Exception as error:
            # Tools run in a nursery, which wraps what they raise.
            unstored = _unstored(error)
            if unstored is not None:
                return _cannot_store(unstored)
            _log.exception("turn %s broke", self.id)
            return TurnFailure(message=f"internal error: {error}", info=OTHER)
        return None

    async def _end(self, failure: TurnFailure | None, watch: _Stopwatch, *, finished: bool) -> None:
        """Store how the turn ended, as far as that can be, and tell it in any case."""
        try:
            if finished:
                failure = await self._store_end(failure, watch) or failure
                await self._part(failure, interrupted=False)
            else:
                await self._abort(watch)
                self._aborted.set()
                if self._scope.cancel_called:
                    await self._context.interrupted(self.id)
                await self._wait_for_answers()
        except Exception as error:
            _log.exception("turn %s did not end as it should", self.id)
            failure = failure or TurnFailure(message=f"internal error: {error}", info=OTHER)
        finally:
            self._aborted.set()
            self._context.task_ended(self)
            self._context.running.turn_ended(self.id)
            try:
                self._tell_end(failure, watch, interrupted=not finished)
            finally:
                self.ended.set()
                self._let_go()

    async def _abort(self, watch: _Stopwatch) -> None:
        """End what runs, answers open calls, and mark the history."""
        context = self._context
        commands = await context.running.stop_turn(self.id, because=INTERRUPTED)
        steps = [
            partial(self._complete_commands, commands),
            self._wind_up,
            self._count,
            partial(self._part, None, interrupted=True),
            partial(self._mark, watch),
        ]
        for step in steps:
            try:
                await step()
            except (RolloutReadError, RolloutWriteError) as error:
                # What comes after it is done nevertheless.
                _log.error("turn %s: the interruption could not be stored: %s", self.id, error)
                context.warnings.once(f"The interruption of a turn could not be stored: {error}")

    async def _complete_commands(self, commands: Sequence[RunningCommand]) -> None:
        for command in commands:
            await command.complete()

    async def _count(self) -> None:
        try:
            await self._context.memory.record(self._usage_lines())
        finally:
            self._context.usage.tell(self.id, self._log.rate_limits)

    async def _part(self, failure: TurnFailure | None, *, interrupted: bool) -> None:
        """Let what goes along with the turn see to what follows from its end."""
        end = TurnEnd(
            status=_status(failure, interrupted=interrupted),
            failure=failure,
            is_stopped=self._scope.cancel_called,
            is_replaced=self._is_replaced,
            calls=self._calls,
        )
        self._last_words = await self._context.companions.ending(end)

    async def _mark(self, watch: _Stopwatch) -> None:
        aborted = TurnAborted(
            root_turn_id=self.root_id,
            turn_id=self.id,
            started_at=self.started_at,
            completed_at=watch.end.completed_at,
            duration_ms=watch.end.duration_ms,
        )
        if self._context.marks_interruptions:
            await self._log.history(message_item("user", [turn_aborted_marker()], item_id=uuid7()))
        await self._context.memory.record([aborted])

    async def _store_end(self, failure: TurnFailure | None, watch: _Stopwatch) -> TurnFailure | None:
        """Store how the turn ended; the failure to do so, when it did not fail before."""
        message = self._log.last_message
        line = TaskComplete(
            root_turn_id=self.root_id,
            turn_id=self.id,
            last_agent_message=message[0].text if message and failure is None else None,
            error=None
            if failure is None
            else TurnError(
                message=failure.message,
                codex_error_info=failure.info.to_rollout() if failure.info else None,
                additional_details=failure.additional_details,
            ),
            started_at=self.started_at,
            completed_at=watch.end.completed_at,
            duration_ms=watch.end.duration_ms,
            time_to_first_token_ms=self._first_token_ms,
        )
        lines: list[Payload] = [*self._usage_lines(), line] if self._is_concluding else [line]
        try:
            await self._context.memory.record(lines)
        except RolloutWriteError as error:
            _log.error("turn %s: its end could not be stored: %s", self.id, error)
            return failure or _cannot_store(error)
        if self._is_concluding:
            self._concluded()
        return None

    def _tell_end(self, failure: TurnFailure | None, watch: _Stopwatch, *, interrupted: bool) -> None:
        for event in self._last_words.events:
            self._log.emit(event)
        if failure is not None:
            self._log.emit(events.ErrorReported(turn_id=self.id, failure=failure, will_retry=False))
        message = self._log.last_message if failure is None and not interrupted else None
        assert self.started_at is not None
        self._log.emit(
            events.TurnEnded(
                turn_id=self.id,
                root_turn_id=self.root_id,
                status=_status(failure, interrupted=interrupted),
                failure=failure,
                last_message=message[0] if message else None,
                last_message_started_ms=message[1] if message else None,
                last_message_completed_ms=message[2] if message else None,
                started_at=self.started_at,
                completed_at=watch.end.completed_at,
                duration_ms=watch.end.duration_ms,
                has_message=self._log.last_message is not None,
                is_upkeep=self.is_upkeep,
                goes_on=self._last_words.goes_on,
            )
        )

    async def _wait_for_answers(self) -> None:
        """Let the answers to `turn/interrupt` go out before the turn's end is told (order of 0.169.0)."""
        for answered in self._answers:
            await answered.wait()


class _End(NamedTuple):
    completed_at: int
    duration_ms: int


class _Stopwatch:
    """How long a turn takes; what is stored of its end, and what is told, is the same."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @cached_property
    def end(self) -> _End:
        """When the turn ended (Unix seconds): when this was first asked for."""
        return _End(int(time.time()), int((time.monotonic() - self._started) * 1000))


def _status(failure: TurnFailure | None, *, interrupted: bool) -> events.TurnStatus:
    return "interrupted" if interrupted else "failed" if failure else "completed"


def _cannot_store(error: RolloutWriteError) -> TurnFailure:
    return TurnFailure(message=f"the thread cannot be stored: {error}", info=OTHER)


def _unstored(error: Exception) -> RolloutWriteError | None:
    """Return the failure to store something among what was raised together."""
    if isinstance(error, RolloutWriteError):
        return error
    if not isinstance(error, ExceptionGroup):
        return None
    group = cast("ExceptionGroup[Exception]", error)
    return next(filter(None, map(_unstored, group.exceptions)), None)
