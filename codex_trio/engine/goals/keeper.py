"""The goal of one loaded thread: what it is now, what it has used, and when it stops being worked on.

Owns the counting, and that a goal which leads nowhere is not worked on for ever. Does not own the rules (rules.py),
the texts (texts.py), the table (the store), or when the next turn begins (threads/goals.py).

A thread is written by one process at a time, so what is known here is what is stored. All that was used is in the
rollout before it is counted, and a goal says up to which total it was counted: a process that is killed in between has
lost nothing, for the next one counts from there. Time is in no rollout: while a turn runs it is counted every few
seconds (`keep_time`), and what is lost is less than that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec
import trio

from codex_trio.engine import events
from codex_trio.engine.goals import rules, texts
from codex_trio.engine.goals.rules import GoalWish
from codex_trio.engine.session.companion import NO_WORDS, LastWords, TurnEnd, TurnFacts
from codex_trio.state.store.goals import Goal, GoalChange, GoalStatus, GoalStore
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.tools.goals import GoalRefused, GoalReport
from codex_trio.util.clock import now_ms

_log = logging.getLogger(__name__)

TRIGGER = "goal"
"""What made a turn begin, in its rollout and for the provider."""

MAX_IDLE_TURNS = 5
"""After so many turns in a row that began by themselves and in which the model called no tool, a goal is blocked.

One whose budget gets less with every turn goes on until that is used up: it has an end that its user has set.
"""

MAX_UNATTENDED_TURNS = 500
"""After so many turns in a row that began by themselves, a goal without a budget is paused: nobody watches it."""

COUNT_SECONDS = 5.0
"""How often the time of a turn is counted: so much of it is lost at most when the process is killed."""

_PLAN = "plan"
_UNFINISHED = "cannot create a new goal because this thread has an unfinished goal; complete the existing goal first"


class _Turn(msgspec.Struct, kw_only=True):
    """The turn that runs, as far as the goal is concerned."""

    facts: TurnFacts
    counted_at: float
    """Up to when its time was counted."""
    used_before: int
    own_calls: int = 0
    """How often the model has called the goal's own tools."""
    is_wrapping_up: bool = False
    """Whether the budget was used up in this turn, which is let come to its end."""


class GoalKeeper:
    """A companion of the thread's turns, and what its goal tools work on; `load` it first.

    `spent` is how many tokens the thread has used.
    """

    def __init__(
        self,
        thread_id: str,
        store: GoalStore,
        *,
        spent: Callable[[], int],
        tell: Callable[[events.Event], None],
        warn: Callable[[str], None],
        max_unattended: int = MAX_UNATTENDED_TURNS,
    ) -> None:
        self.goal: Goal | None = None
        """As it is stored; to be trusted once `ready` is set."""
        self.ready = trio.Event()
        self._thread_id = thread_id
        self._store = store
        self._spent = spent
        self._tell = tell
        self._warn = warn
        self._max_unattended = max_unattended
        self._changing = trio.Lock()
        self._turn: _Turn | None = None
        self._turn_began = trio.Event()
        self._told: Goal | None = None
        """The goal as clients know it."""
        self._news: list[str] = []
        self._idle_turns = 0
        self._unattended_turns = 0
        self._is_halted = False
        """Whether what becomes of the goal could not be stored, so that no turn begins by itself."""

    # --- what it is ---

    @property
    def is_due(self) -> bool:
        """Whether the goal is to be worked on by itself."""
        goal = self.goal
        return goal is not None and goal.status == "active" and not goal.is_deferred and not self._is_halted

    async def load(self) -> None:
        """Read the goal, and count what was used before the process ended that counted last."""
        try:
            self.goal = self._told = await self._store.get(self._thread_id)
            if self.goal is not None and self.goal.status == "active":
                await self._store_change(self._count_up(time_ms=0))
        except ThreadStoreError as error:
            _log.warning("thread %s: its goal is not known: %s", self._thread_id, error)
        finally:
            self.ready.set()

    async def known(self) -> Goal | None:
        """Return the goal. Raises ThreadStoreError when it cannot be had."""
        await self.ready.wait()
        if self.goal is None or self._store.problem is not None:
            async with self._changing:
                self.goal = await self._store.get(self._thread_id)
        return self.goal

    # --- what a client wants of it ---

    async def set(self, wish: GoalWish) -> Goal:
        """Make the goal what a client wants it to be. Raises GoalRefused, ThreadStoreError."""
        wish = rules.checked(wish)
        before = await self.known()
        goal = await self._grant(wish)
        if self._turn is not None and _is_edited(before, goal):
            self._news.append(texts.edited(goal))
        self._told = goal
        self._tell(events.GoalUpdated(turn_id=None, goal=goal))
        return goal

    async def clear(self) -> bool:
        """Give the goal up; whether there was one. Raises ThreadStoreError."""
        if await self.known() is None:
            return False
        await self._store_change(lambda _: None)
        self._news.clear()
        self._tell(events.GoalCleared())
        return True

    # --- what the model wants of it ---

    @property
    def problem(self) -> str | None:
        return self._store.problem

    async def look(self) -> GoalReport:
        await self.known()
        await self._count()
        return self._report()

    async def create(self, objective: str, token_budget: int | None) -> GoalReport:
        wish = rules.checked(GoalWish(objective=objective, token_budget=token_budget))
        await self.known()
        spent, now = self._spent(), now_ms()

        def begin(goal: Goal | None) -> Goal:
            if goal is not None and goal.status != "complete":
                raise GoalRefused(_UNFINISHED)
            return rules.begun(wish, spent=spent, now_ms=now)

        await self._store_change(begin)
        self._begin_anew()
        self._tell_updated()
        return self._report()

    async def end(self, status: GoalStatus) -> GoalReport:
        if await self.known() is None:
            raise GoalRefused("cannot update goal because this thread has no goal")
        await self._grant(GoalWish(status=status))
        self._tell_updated()
        return self._report()

    def _report(self) -> GoalReport:
        if self._turn is not None:
            self._turn.own_calls += 1
        return GoalReport(thread_id=self._thread_id, goal=self.goal)

    async def _grant(self, wish: GoalWish) -> Goal:
        await self._count()
        spent, now = self._spent(), now_ms()
        goal = await self._store_change(
            lambda goal: rules.granted(goal, wish, thread_id=self._thread_id, spent=spent, now_ms=now)
        )
        assert goal is not None
        self._begin_anew()
        return goal

    # --- the turns of the thread ---

    def began(self, turn: TurnFacts) -> None:
        used = 0 if self.goal is None else self.goal.tokens_used
        self._turn = _Turn(facts=turn, counted_at=trio.current_time(), used_before=used)
        self._turn_began.set()

    async def responded(self) -> None:
        await self._count_quietly()
        if self._has_news:
            self._tell_updated()

    def news(self) -> Sequence[str]:
        news, self._news = self._news, []
        return news

    async def ending(self, end: TurnEnd) -> LastWords:
        turn = self._turn
        if turn is None or self.goal is None:
            self._turn = None
            return NO_WORDS
        try:
            await self._count()
            if turn.facts.mode != _PLAN:
                await self._conclude(turn, end)
        except ThreadStoreError as error:
            # A budget that cannot be counted would never end.
            self._is_halted = True
            self._warn(f"What became of the thread's goal could not be stored: {error}")
        finally:
            self._turn = None
            self._news.clear()
        told = [self._updated(turn.facts.turn_id)] if self._has_news else []
        return LastWords(events=told, goes_on=self.is_due and turn.facts.mode != _PLAN and end.status == "completed")

    async def _conclude(self, turn: _Turn, end: TurnEnd) -> None:
        """Stop working on the goal when the turn says that there is no point in going on."""
        if self.goal is None or self.goal.status != "active":
            return
        if end.status == "failed":
            kind = None if end.failure is None or end.failure.info is None else end.failure.info.kind
            await self._stop("usageLimited" if kind == "usageLimitExceeded" else "blocked")
        elif end.status == "interrupted":
            # Not when the server ends: the next one goes on. Nor for a review or a summary: after it, work goes on.
            if end.is_stopped and not end.is_replaced:
                await self._stop("paused")
        elif turn.facts.trigger != TRIGGER:
            self._begin_anew()
            if self.goal.is_deferred:
                await self._store_change(lambda goal: goal and msgspec.structs.replace(goal, is_deferred=False))
        else:
            await self._note_unattended(turn, end)

    async def _note_unattended(self, turn: _Turn, end: TurnEnd) -> None:
        """Note a turn that began by itself, and stop after too many that lead nowhere."""
        assert self.goal is not None
        self._unattended_turns += 1
        is_limited = self.goal.token_budget is not None and self.goal.tokens_used > turn.used_before
        is_idle = end.calls <= turn.own_calls
        self._idle_turns = self._idle_turns + 1 if is_idle and not is_limited else 0
        if self._idle_turns >= MAX_IDLE_TURNS:
            await self._stop("blocked")
            self._warn(
                f"The model did nothing in {MAX_IDLE_TURNS} turns that began by themselves: work on the goal has"
                " stopped. Set its status to active to go on."
            )
        elif self._unattended_turns >= self._max_unattended and self.goal.token_budget is None:
            await self._stop("paused")
            self._warn(
                f"{self._max_unattended} turns in a row began by themselves: the goal is paused. Set its status to"
                " active to go on, with a token budget to go on for longer."
            )

    async def _stop(self, status: GoalStatus) -> None:
        self._begin_anew()
        now = now_ms()
        await self._store_change(lambda goal: goal and msgspec.structs.replace(goal, status=status, updated_at_ms=now))

    # --- counting ---

    async def keep_time(self) -> None:
        """Count the time of turns while they run, until cancelled; clients are told with what comes next of the turn.

        A thread that does nothing, or has nothing to work towards, costs no write.
        """
        while True:
            await self._turn_began.wait()
            while self._turn is not None:
                await trio.sleep(COUNT_SECONDS)
                await self._count_quietly()
            self._turn_began = trio.Event()

    async def _count_quietly(self) -> None:
        try:
            await self._count()
        except ThreadStoreError as error:
            # Nothing is lost: it is counted with what comes next.
            _log.warning("thread %s: what its goal has used is not stored: %s", self._thread_id, error)

    async def _count(self) -> None:
        """Count what was used since the last time. Raises ThreadStoreError."""
        turn, goal = self._turn, self.goal
        if goal is None or turn is None:
            return
        now = trio.current_time()
        time_ms = int((now - turn.counted_at) * 1000)
        is_worked_on = goal.status == "active" or (turn.is_wrapping_up and goal.status == "budgetLimited")
        if not is_worked_on:
            turn.counted_at = now
        elif turn.facts.mode == _PLAN:
            # Plans are made without it (0.171.0).
            turn.counted_at = now
            spent = self._spent()
            if spent != goal.counted_to:
                await self._store_change(lambda goal: goal and msgspec.structs.replace(goal, counted_to=spent))
        else:
            turn.counted_at += time_ms / 1000
            try:
                counted = await self._store_change(self._count_up(time_ms=time_ms))
            except BaseException:
                # It is counted with what comes next.
                turn.counted_at -= time_ms / 1000
                raise
            is_reached = counted is not None and counted.status == "budgetLimited" and goal.status == "active"
            if counted is not None and is_reached and not turn.is_wrapping_up:
                turn.is_wrapping_up = True
                self._news.append(texts.budget_reached(counted))

    def _count_up(self, *, time_ms: int) -> GoalChange:
        spent, now = self._spent(), now_ms()
        return lambda goal: goal and rules.counted(goal, spent=spent, time_ms=time_ms, now_ms=now)

    async def _store_change(self, change: GoalChange) -> Goal | None:
        async with self._changing:
            # What is stored and what is known must not differ.
            with trio.CancelScope(shield=True):
                self.goal = await self._store.change(self._thread_id, change)
            return self.goal

    def _begin_anew(self) -> None:
        """Forget how many turns have begun by themselves: somebody has said something."""
        self._idle_turns = self._unattended_turns = 0
        self._is_halted = False

    @property
    def _has_news(self) -> bool:
        """Whether clients see anything new in the goal; they are told whole seconds."""
        return self.goal is not None and (self._told is None or _seen(self._told) != _seen(self.goal))

    def _tell_updated(self) -> None:
        self._tell(self._updated(None if self._turn is None else self._turn.facts.turn_id))

    def _updated(self, turn_id: str | None) -> events.GoalUpdated:
        assert self.goal is not None
        self._told = self.goal
        return events.GoalUpdated(turn_id=turn_id, goal=self.goal)


def _is_edited(before: Goal | None, after: Goal) -> bool:
    """Return whether a goal that is worked on has become another one."""
    if before is None or before.status != "active" or after.status != "active":
        return False
    return before.objective != after.objective


def _seen(goal: Goal) -> tuple[str, GoalStatus, int, int]:
    return goal.id, goal.status, goal.tokens_used, goal.time_used_ms // 1000
