"""When turns begin by themselves for a goal, and when that ends. What clients see: the scenario of goals."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from thread_lab import Lab, Request, ScriptedModel, calls, open_threads, says, says_only

from codex_trio.engine.goals import keeper
from codex_trio.engine.goals.rules import GoalWish
from codex_trio.engine.settings import TurnOverrides
from codex_trio.model.errors import ErrorInfo, ModelError
from codex_trio.state.memory.goals import MemoryGoals
from codex_trio.state.memory.storage import memory_storage
from codex_trio.state.store.goals import Goal, GoalChange
from codex_trio.state.store.interface import ThreadStoreError
from codex_trio.threads.live import LiveThread

PER_RESPONSE = 100
"""What each response of the model counts: twenty of its tokens came from a cache."""

PLAN = '{"plan": []}'


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await trio.lowlevel.checkpoint()


async def nothing_begins(model: ScriptedModel, live: LiveThread) -> None:
    """Check that no turn begins, however long the thread is given for it."""
    before = len(model.requests)
    for _ in range(100):
        await trio.lowlevel.checkpoint()
    assert (len(model.requests), live.runs_turn) == (before, False)


async def set_goal(lab: Lab, live: LiveThread, **wish: Any) -> Goal:
    goal = await lab.goals.set(live.id, GoalWish(**wish))
    lab.queues.wake(live.id)
    return goal


async def ended(lab: Lab, live: LiveThread, status: str) -> Goal:
    """Return the goal once it has that status and the turn that brought it about has ended."""
    while True:
        goal = await lab.goals.get(live.id)
        assert goal is not None
        if goal.status == status and not live.runs_turn:
            return goal
        await trio.lowlevel.checkpoint()


def told(lab: Lab) -> list[tuple[str, int]]:
    return [(event.goal.status, event.goal.tokens_used) for event in lab.clients.of("GoalUpdated")]


def last_texts(model: ScriptedModel) -> list[str]:
    """Return the last text of each request; nothing where it ends with what a tool gave."""
    return [request.input[-1].get("content", [{"text": ""}])[0]["text"] for request in model.requests]


async def test_turns_follow_one_another_until_the_model_says_that_it_is_done(tmp_path: Path) -> None:
    model = ScriptedModel(
        says_only("one"),
        calls("update_plan", PLAN),
        says_only("two"),
        calls("update_goal", '{"status": "complete"}'),
        says_only("done"),
    )
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it")
        goal = await ended(lab, live, "complete")
        assert goal.tokens_used == 4 * PER_RESPONSE, "what is used after it is reached is not its own"
        assert told(lab) == [("active", 0), ("active", 100), ("active", 200), ("active", 300), ("complete", 400)]
        assert len(lab.clients.of("TurnEnded")) == 3
        assert [event.goes_on for event in lab.clients.of("TurnEnded")] == [True, True, False]
        await nothing_begins(model, live)
        assert live.stored_history().index.facts.preview == "Reach it"


async def test_a_model_that_does_nothing_is_not_asked_for_ever(tmp_path: Path) -> None:
    idle = [says_only(), [], calls("get_goal", "{}"), says_only(), calls("update_plan", PLAN), says_only()]
    model = ScriptedModel(*idle, *([says_only()] * keeper.MAX_IDLE_TURNS), says_only("more"))
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it")
        await ended(lab, live, "blocked")
        # Three idle turns, one that was not, and then too many idle ones.
        assert len(lab.clients.of("TurnEnded")) == 4 + keeper.MAX_IDLE_TURNS
        [warning] = lab.clients.of("ThreadWarning")
        assert "work on the goal has stopped" in warning.message
        await nothing_begins(model, live)
        # Whoever sets it active wants it to go on.
        await set_goal(lab, live, status="active")
        await until(lambda: len(lab.clients.of("TurnEnded")) > 4 + keeper.MAX_IDLE_TURNS)


async def test_a_budget_that_gets_less_is_the_end_of_a_model_that_only_talks(tmp_path: Path) -> None:
    turns = keeper.MAX_IDLE_TURNS + 3
    model = ScriptedModel(*([says_only()] * 20))
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it", token_budget=turns * PER_RESPONSE)
        goal = await ended(lab, live, "budgetLimited")
        assert goal.tokens_used == turns * PER_RESPONSE
        assert len(lab.clients.of("TurnEnded")) == turns
        await nothing_begins(model, live)


async def test_without_a_budget_and_anybody_who_watches_turns_come_to_an_end(tmp_path: Path) -> None:
    busy = [calls("update_plan", PLAN), says_only()]
    model = ScriptedModel(*(busy * 10))
    async with open_threads(tmp_path, client=model, max_unattended=3) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it")
        await ended(lab, live, "paused")
        assert len(lab.clients.of("TurnEnded")) == 3
        await nothing_begins(model, live)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("usageLimitExceeded", "usageLimited"), ("responseTooManyFailedAttempts", "blocked"), ("other", "blocked")],
)
async def test_a_turn_that_fails_ends_the_work(tmp_path: Path, kind: str, status: str) -> None:
    model = ScriptedModel(says_only(), ModelError("no", info=ErrorInfo(kind)), says_only())
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it")
        await ended(lab, live, status)
        assert [event.status for event in lab.clients.of("TurnEnded")] == ["completed", "failed"]
        await nothing_begins(model, live)


async def test_the_budget_ends_the_work_once_the_model_has_brought_it_to_a_state_that_can_be_left(
    tmp_path: Path,
) -> None:
    model = ScriptedModel(calls("update_plan", PLAN), calls("update_plan", PLAN), says_only("left so"), says_only())
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it", token_budget=2 * PER_RESPONSE)
        goal = await ended(lab, live, "budgetLimited")
        assert goal.tokens_used == 3 * PER_RESPONSE, "what it takes to come to an end counts too"
        assert "token budget of this thread's goal is used up" in last_texts(model)[2]
        await nothing_begins(model, live)


async def test_another_objective_reaches_a_model_that_works_on_the_former_one(tmp_path: Path) -> None:
    model = ScriptedModel(says_only("former"), calls("update_goal", '{"status": "complete"}'), says_only("new"))
    model.go = trio.Event()
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="the former one")
        await until(lambda: len(model.requests) == 1)
        await set_goal(lab, live, objective="the new one", token_budget=1000)
        model.go.set()
        await ended(lab, live, "complete")
        # The turn did not end before the model had read it.
        assert len(lab.clients.of("TurnEnded")) == 1
        first, second, _ = last_texts(model)
        assert "the former one" in first
        assert "has changed the goal" in second
        assert "the new one" in second
        assert "Budget: 1000." in second


async def test_an_interruption_pauses_the_goal_before_it_is_answered_and_its_queue_stays_first(tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it")
        await until(lambda: len(model.requests) == 1)
        request = Request()
        await live.interrupt("", request)
        goal = await lab.goals.get(live.id)
        assert goal is not None
        assert goal.status == "paused"
        request.answer()
        await until(lambda: not live.runs_turn)
        await nothing_begins(model, live)


async def test_what_a_user_has_said_comes_before_the_next_turn_of_a_goal(tmp_path: Path) -> None:
    model = ScriptedModel(*([says_only()] * 3))
    async with open_threads(tmp_path, client=model) as lab:
        live = await lab.start()
        await live.keep()
        for words in ("one", "two"):
            content = [{"type": "text", "text": words, "text_elements": []}]
            await lab.queues.append(live.id, content, client_id=words, metadata=None)
        await set_goal(lab, live, objective="Reach it", token_budget=3 * PER_RESPONSE)
        await ended(lab, live, "budgetLimited")
        first, second, third = last_texts(model)
        assert (first, second) == ("one", "two")
        assert third.startswith("<codex_internal_context")


async def test_a_goal_goes_on_after_the_thread_is_loaded_anew_and_what_was_used_meanwhile_counts(
    tmp_path: Path,
) -> None:
    storage = memory_storage()
    async with open_threads(tmp_path, storage=storage, client=ScriptedModel(says_only())) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it", token_budget=3 * PER_RESPONSE)
        await until(lambda: bool(lab.clients.of("TurnEnded")))
        thread_id = live.id
    # As if the process had been killed before it counted, when its turn was stored.
    await storage.goals.change(thread_id, _uncounted)
    model = ScriptedModel(says_only(), says_only())
    async with open_threads(tmp_path, storage=storage, client=model) as lab:
        live = await lab.resume(thread_id)
        goal = await lab.goals.get(thread_id)
        assert goal is not None
        assert goal.tokens_used == PER_RESPONSE
        await nothing_begins(model, live)
        lab.queues.wake(thread_id)
        goal = await ended(lab, live, "budgetLimited")
        assert goal.tokens_used == 3 * PER_RESPONSE
        assert len(model.requests) == 2


def _uncounted(goal: Goal | None) -> Goal | None:
    assert goal is not None
    assert goal.status == "active"
    return Goal(
        id=goal.id,
        objective=goal.objective,
        status="active",
        token_budget=goal.token_budget,
        counted_to=0,
        created_at_ms=goal.created_at_ms,
        updated_at_ms=goal.updated_at_ms,
    )


class Goals(MemoryGoals):
    """Goals that cannot be changed while there is a `trouble`, nor kept while there is a `problem`."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: str | None = None
        self.changed = self.refused = 0

    async def change(self, thread_id: str, change: GoalChange) -> Goal | None:
        if self.trouble is not None:
            self.refused += 1
            await trio.lowlevel.checkpoint()
            raise ThreadStoreError("internal", f"goal storage failed: {self.trouble}")
        self.changed += 1
        return await super().change(thread_id, change)


async def test_what_becomes_of_a_goal_that_cannot_be_stored_is_told_and_no_turn_follows(tmp_path: Path) -> None:
    goals = Goals()
    storage = msgspec.structs.replace(memory_storage(), goals=goals)
    model = ScriptedModel(says_only(), says_only(), says_only())
    async with open_threads(tmp_path, storage=storage, client=model) as lab:
        live = await lab.start()
        await lab.goals.set(live.id, GoalWish(objective="Reach it"))
        goals.trouble = "the disk is full"
        lab.queues.wake(live.id)
        await until(lambda: bool(lab.clients.of("TurnEnded")))
        await nothing_begins(model, live)
        [warning] = lab.clients.of("ThreadWarning")
        assert "the disk is full" in warning.message
        goals.trouble = None
        # What was used is counted when it can be stored again.
        request = Request()
        await live.start_turn(says("go on"), TurnOverrides(), request)
        request.answer()
        await until(lambda: len(lab.clients.of("TurnEnded")) >= 2)
        goal = await lab.goals.get(live.id)
        assert goal is not None
        assert goal.tokens_used >= 2 * PER_RESPONSE


@pytest.mark.parametrize("problem", [None, "it is locked"])
async def test_where_goals_cannot_be_kept_the_model_has_no_tools_for_them(tmp_path: Path, problem: str | None) -> None:
    goals = Goals()
    goals.problem = problem
    model = ScriptedModel(says_only())
    async with open_threads(
        tmp_path, storage=msgspec.structs.replace(memory_storage(), goals=goals), client=model
    ) as lab:
        live = await lab.start()
        request = Request()
        await live.start_turn(says("hi"), TurnOverrides(), request)
        request.answer()
        await until(lambda: bool(lab.clients.of("TurnEnded")))
    assert ("create_goal" in names(model.requests[0].tools)) == (problem is None)


def names(tools: Sequence[dict[str, Any]]) -> list[str]:
    return [tool.get("name", "") for tool in tools]


async def test_a_fork_takes_a_goal_along_and_waits_until_somebody_says_something(tmp_path: Path) -> None:
    storage = memory_storage()
    model = ScriptedModel(says_only(), says_only(), says_only())
    async with open_threads(tmp_path, storage=storage, client=model) as lab:
        live = await lab.start()
        await live.keep()
        await storage.goals.change(
            "source",
            lambda _: Goal(
                id="g",
                objective="Reach it",
                status="active",
                token_budget=250,
                tokens_used=50,
                created_at_ms=1,
                updated_at_ms=1,
            ),
        )
        await lab.goals.inherit("source", live.id)
        await lab.host.unload(live)
        live = await lab.resume(live.id)
        lab.queues.wake(live.id)
        await nothing_begins(model, live)
        request = Request()
        await live.start_turn(says("go on"), TurnOverrides(), request)
        request.answer()
        goal = await ended(lab, live, "budgetLimited")
        assert goal.tokens_used == 50 + 2 * PER_RESPONSE
        assert len(model.requests) == 2


async def test_the_time_of_a_turn_that_takes_long_is_stored_every_few_seconds(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    goals = Goals()
    storage = msgspec.structs.replace(memory_storage(), goals=goals)
    model = ScriptedModel(calls("update_plan", PLAN))
    model.go = trio.Event()
    async with open_threads(tmp_path, storage=storage, client=model) as lab:
        live = await lab.start()

        async def is_stored(seconds: float) -> None:
            while True:
                goal = await goals.get(live.id)
                assert goal is not None
                if goal.time_used_ms >= seconds * 1000:
                    break
            assert goal.time_used_ms == seconds * 1000

        await set_goal(lab, live, objective="Reach it")
        await until(lambda: len(model.requests) == 1)
        await trio.testing.wait_all_tasks_blocked()
        before = goals.changed
        for count in (1, 2, 3):
            mock_clock.jump(keeper.COUNT_SECONDS)
            await is_stored(count * keeper.COUNT_SECONDS)
            await trio.testing.wait_all_tasks_blocked()
            assert goals.changed == before + count
        # What cannot be stored is counted when it can be.
        goals.trouble = "the disk is full"
        mock_clock.jump(keeper.COUNT_SECONDS)
        await until(lambda: goals.refused > 0)
        await trio.testing.wait_all_tasks_blocked()
        goals.trouble = None
        mock_clock.jump(keeper.COUNT_SECONDS)
        await is_stored(5 * keeper.COUNT_SECONDS)
        assert told(lab) == [("active", 0)], "clients are told with what comes next of the turn"
        model.go.set()
        await until(lambda: len(told(lab)) == 2)
        assert lab.clients.of("GoalUpdated")[-1].goal.time_used_ms == 5 * keeper.COUNT_SECONDS * 1000


async def test_the_time_that_a_thread_waits_is_not_counted_and_costs_no_write(
    tmp_path: Path, mock_clock: trio.testing.MockClock
) -> None:
    goals = Goals()
    storage = msgspec.structs.replace(memory_storage(), goals=goals)
    async with open_threads(tmp_path, storage=storage, client=ScriptedModel(says_only())) as lab:
        live = await lab.start()
        await set_goal(lab, live, objective="Reach it", token_budget=PER_RESPONSE)
        await ended(lab, live, "budgetLimited")
        await trio.testing.wait_all_tasks_blocked()
        before = goals.changed
        for _ in range(3):
            mock_clock.jump(keeper.COUNT_SECONDS)
            await trio.testing.wait_all_tasks_blocked()
        assert goals.changed == before
        goal = await goals.get(live.id)
        assert goal is not None
        assert goal.time_used_ms == 0
