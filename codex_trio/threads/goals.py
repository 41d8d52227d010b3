"""What threads work towards, as clients see and change it, and the turns that begin by themselves for it.

Owns the verbs, for loaded threads and others, and when a loaded one goes on by itself: when it is free, nothing waits
in its queue, and its goal is active. Does not own counting or when a goal is given up (engine/goals), nor where goals
are kept (the store).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import msgspec

from codex_trio.domain.ids import uuid7
from codex_trio.engine import events
from codex_trio.engine.goals import rules, texts
from codex_trio.engine.goals.keeper import MAX_UNATTENDED_TURNS, TRIGGER, GoalKeeper
from codex_trio.engine.goals.rules import GoalWish, spent_tokens
from codex_trio.engine.history import message_item
from codex_trio.engine.session.companion import Companions
from codex_trio.engine.session.session import TurnInProgress
from codex_trio.engine.settings import TurnOverrides
from codex_trio.engine.turn_gate import ShuttingDown
from codex_trio.engine.turn_request import Remark, TurnRequest
from codex_trio.execpolicy.rules import RulesError
from codex_trio.state.rollout.events import ThreadGoalUpdated
from codex_trio.state.store.contents import parent_of
from codex_trio.state.store.goals import Goal, GoalStore
from codex_trio.state.store.interface import ThreadStore
from codex_trio.threads import errors
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.tools.goals import GoalRefused, GoalTools, shown
from codex_trio.tools.registry import ToolProvider
from codex_trio.util.clock import now_ms

FEATURE = "goals"


class GoalWorker:
    """The goal of one loaded thread, worked on by itself. One that is not to have goals has no keeper."""

    def __init__(self, live: LiveThread, keeper: GoalKeeper | None) -> None:
        self.keeper = keeper
        self._live = live

    @property
    def tools(self) -> Sequence[ToolProvider]:
        """What the model can do about its goal. An agent works towards what it was told to, and no further."""
        is_agent = parent_of(self._live.recorder.meta) is not None
        return [] if self.keeper is None or is_agent else [GoalTools(self.keeper)]

    @property
    def companions(self) -> Companions:
        """What goes along with the thread's turns."""
        return Companions([] if self.keeper is None else [self.keeper])

    async def run(self) -> None:
        """Read the goal, once the thread has a session, and count the time it takes, until cancelled."""
        if self.keeper is not None:
            await self.keeper.load()
            await self.keeper.keep_time()

    async def go_on(self) -> None:
        """Begin the next turn for the goal, if it is to be worked on. The thread must be free."""
        if self.keeper is None:
            return
        await self.keeper.ready.wait()
        if not self._is_due:
            return
        try:
            await self._live.prepare_turn()
            goal = self.keeper.goal
            if goal is not None and self._is_due:
                self._live.launch_turn(_request(goal), TurnOverrides(), answer=None)
        except (TurnInProgress, ShuttingDown):
            # It goes on after that turn, or with the next server.
            return
        except RulesError as error:
            self._live.warn(f"Work on the goal could not go on: {error}")

    @property
    def _is_due(self) -> bool:
        return self.keeper is not None and self.keeper.is_due and self._live.settings.mode["mode"] != "plan"


class ThreadGoals:
    """Thread ids are as a request gave them, in canonical form. Verbs raise ThreadError, ThreadStoreError."""

    def __init__(
        self,
        goals: GoalStore,
        *,
        store: ThreadStore,
        loaded: LoadedThreads,
        clients: ThreadClients,
        is_on: Callable[[], bool],
        max_unattended: int = MAX_UNATTENDED_TURNS,
    ) -> None:
        self._goals = goals
        self._store = store
        self._loaded = loaded
        self._clients = clients
        self._is_on = is_on
        self._max_unattended = max_unattended
        self._workers: dict[str, GoalWorker] = {}

    @contextmanager
    def running(self, live: LiveThread, *, is_on: bool) -> Generator[GoalWorker]:
        """Provide what works on the goal of a thread while that is loaded."""
        worker = self._workers[live.id] = GoalWorker(live, self._keeper(live) if is_on else None)
        try:
            yield worker
        finally:
            if self._workers.get(live.id) is worker:
                del self._workers[live.id]

    def _keeper(self, live: LiveThread) -> GoalKeeper | None:
        if live.is_ephemeral:
            return None
        return GoalKeeper(
            live.id,
            self._goals,
            spent=lambda: spent_tokens(live.session.usage),
            tell=live.emit,
            warn=live.warn,
            max_unattended=self._max_unattended,
        )

    # --- what clients ask ---

    async def get(self, thread_id: str) -> Goal | None:
        """Return a thread's goal."""
        keeper = await self._checked(thread_id)
        return await self._goals.get(thread_id) if keeper is None else await keeper.known()

    async def set(self, thread_id: str, wish: GoalWish) -> Goal:
        """Give a thread a goal, or change the one that it has. Raises RolloutWriteError too."""
        keeper = await self._checked(thread_id)
        try:
            wish = rules.checked(wish)
            if keeper is None:
                return await self._set_stored(thread_id, wish)
            live = self._loaded.get(thread_id)
            if wish.objective is not None:
                # Whatever ends this process, there will be a thread that the goal belongs to.
                await live.keep()
            goal = await keeper.set(wish)
        except GoalRefused as refused:
            raise ThreadError(str(refused)) from refused
        if wish.objective is not None:
            await live.recorder.append([ThreadGoalUpdated(thread_id=live.id, goal=shown(goal, live.id))])
        return goal

    async def clear(self, thread_id: str) -> bool:
        """Give a thread's goal up; whether there was one."""
        keeper = await self._checked(thread_id)
        if keeper is not None:
            return await keeper.clear()
        async with self._store.writing(thread_id):
            if await self._goals.get(thread_id) is None:
                return False
            await self._goals.change(thread_id, lambda _: None)
        self._clients.tell_event(thread_id, events.GoalCleared(), None)
        return True

    async def told(self, live: LiveThread) -> Callable[[], None]:
        """Return what tells the followers of a thread its goal as it is now, or that there is none."""
        worker = self._workers.get(live.id)
        if worker is None or worker.keeper is None:
            return lambda: None
        keeper = worker.keeper
        await keeper.ready.wait()

        def tell() -> None:
            goal = keeper.goal
            event = events.GoalCleared() if goal is None else events.GoalUpdated(turn_id=None, goal=goal)
            self._clients.tell_event(live.id, event, live.subscribers)

        return tell

    # --- what becomes of threads ---

    async def inherit(self, source_id: str, thread_id: str) -> None:
        """Give a fork the goal of its source; it is not worked on before somebody has said something in the fork."""
        goal = await self._goals.get(source_id)
        if goal is not None:
            copy = msgspec.structs.replace(goal, id=uuid7(), counted_to=None, is_deferred=True)
            await self._goals.change(thread_id, lambda _: copy)

    async def forget(self, thread_ids: Sequence[str]) -> None:
        """Forget the goals of threads that are gone."""
        await self._goals.forget(thread_ids)

    async def _set_stored(self, thread_id: str, wish: GoalWish) -> Goal:
        now = now_ms()
        async with self._store.writing(thread_id):
            goal = await self._goals.change(
                thread_id, lambda goal: rules.granted(goal, wish, thread_id=thread_id, spent=None, now_ms=now)
            )
        assert goal is not None
        self._clients.tell_event(thread_id, events.GoalUpdated(turn_id=None, goal=goal), None)
        return goal

    async def _checked(self, thread_id: str) -> GoalKeeper | None:
        """Return the keeper of a loaded thread's goal. Raises ThreadError where there can be no goal."""
        live = self._loaded.find(thread_id)
        if not (self._is_on() if live is None else live.config.feature(FEATURE)):
            raise ThreadError("goals feature is disabled")
        if live is None:
            found = await self._store.locate(thread_id)
            if found is None or found.is_archived:
                raise errors.not_found(thread_id)
            return None
        if live.is_ephemeral:
            raise ThreadError(f"ephemeral thread does not support goals: {thread_id}")
        return self._workers[live.id].keeper


def _request(goal: Goal) -> TurnRequest:
    said = message_item("user", [texts.continuation(goal)], item_id=uuid7())
    return TurnRequest(turn_id=uuid7(), input=Remark(item=said), trigger=TRIGGER)
