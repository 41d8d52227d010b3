"""What every store of goals promises."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from codex_trio.state.db.initializer import open_state_db, state_database, state_db_path
from codex_trio.state.local.goals import LocalGoals
from codex_trio.state.memory.goals import MemoryGoals
from codex_trio.state.store.goals import Goal, GoalStore
from codex_trio.state.store.interface import ThreadStoreError

GOAL = Goal(
    id="g",
    objective="Reach ☃",
    status="active",
    token_budget=1 << 40,
    tokens_used=3,
    counted_to=5,
    time_used_ms=1500,
    created_at_ms=1_795_000_000_000,
    updated_at_ms=1_795_000_000_001,
    is_deferred=True,
)
BARE = Goal(id="b", objective="o", status="usageLimited", created_at_ms=1, updated_at_ms=2)


@pytest.fixture(params=["local", "memory"])
async def goals(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[GoalStore]:
    if request.param == "memory":
        yield MemoryGoals()
        return
    database = await open_state_db(state_db_path(tmp_path))
    yield LocalGoals(database)
    await database.aclose()


async def test_a_goal_is_kept_as_it_was_given(goals: GoalStore) -> None:
    assert goals.problem is None
    assert await goals.get("t") is None
    for goal in (GOAL, BARE):
        assert await goals.change("t", lambda _, goal=goal: goal) == goal
        assert await goals.get("t") == goal
    assert await goals.get("other") is None


async def test_a_change_sees_what_there_is_and_what_it_raises_changes_nothing(goals: GoalStore) -> None:
    await goals.change("t", lambda _: GOAL)

    def spoil(goal: Goal | None) -> Goal | None:
        assert goal == GOAL
        raise LookupError

    with pytest.raises(LookupError):
        await goals.change("t", spoil)
    more = await goals.change(
        "t", lambda goal: goal and msgspec.structs.replace(goal, tokens_used=goal.tokens_used + 1)
    )
    assert more == msgspec.structs.replace(GOAL, tokens_used=4) == await goals.get("t")
    assert await goals.change("t", lambda _: None) is None
    assert await goals.change("t", lambda goal: goal) is None
    assert await goals.get("t") is None


async def test_goals_of_threads_that_are_gone_are_forgotten(goals: GoalStore) -> None:
    for thread_id in ("a", "b", "c"):
        await goals.change(thread_id, lambda _: GOAL)
    await goals.forget(["a", "c", "nobody"])
    assert [await goals.get(thread_id) for thread_id in ("a", "b", "c")] == [None, GOAL, None]


async def test_a_goal_outlives_the_database_handle_and_one_that_is_no_goal_counts_as_none(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    database = await open_state_db(path)
    for thread_id in ("whole", "odd"):
        await LocalGoals(database).change(thread_id, lambda _: GOAL)
    await database.aclose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE goals SET status = 'of a later release' WHERE thread_id = 'odd'")
        connection.commit()
    database = await open_state_db(path)
    goals = LocalGoals(database)
    assert [await goals.get("whole"), await goals.get("odd")] == [GOAL, None]
    assert await goals.change("odd", lambda _: BARE) == await goals.get("odd") == BARE
    await database.aclose()


async def test_without_a_database_there_are_no_goals_and_that_is_said(tmp_path: Path) -> None:
    path = state_db_path(tmp_path)
    path.mkdir()
    told: list[str] = []
    async with state_database(path, warn=told.append) as database:
        goals = LocalGoals(database)
        assert goals.problem
        for call in (goals.get("t"), goals.change("t", lambda _: GOAL)):
            with pytest.raises(ThreadStoreError, match=r"goal storage failed: .*nothing is kept"):
                await call
        # There is nothing to forget.
        await goals.forget(["t"])
