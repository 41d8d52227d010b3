"""A turn asks git how its repository stands, and waits for that only for a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from session_lab import Bench, DiskEnvironment, Pause, call, completed, open_session, says
from trio.testing import MockClock

from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.testing.environments import NoRepositories

PATIENCE = 60.0
STATE = WorkspaceState(root="/r", commit="c", has_changes=True, remote_urls={})
TOLD = {"/r": {"latest_git_commit_hash": "c", "has_changes": True}}


class SlowRepositories(NoRepositories):
    """Say how the work tree stands when a test lets them, or fail."""

    def __init__(self) -> None:
        self.go = trio.Event()
        self.failure: Exception | None = None
        self.asked = 0
        self.stopped = trio.Event()

    async def workspace(self, place: WorkPlace) -> WorkspaceState | None:
        self.asked += 1
        try:
            await self.go.wait()
        except trio.Cancelled:
            self.stopped.set()
            raise
        if self.failure is not None:
            raise self.failure
        return STATE


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other: one that jumps would take a busy machine for one that waits."""
    return MockClock(rate=1.0)


@pytest.fixture
def repositories() -> SlowRepositories:
    return SlowRepositories()


@pytest.fixture
def environment(repositories: SlowRepositories) -> DiskEnvironment:
    environment = DiskEnvironment()
    environment.repositories = repositories
    return environment


def workspaces(bench: Bench) -> list[Any]:
    """Return what each request tells of the repository."""
    told = [request.headers.turn_metadata or "{}" for request in bench.client.requests]
    return [msgspec.json.decode(text).get("workspaces") for text in told]


async def test_what_is_known_at_once_goes_with_all_requests_of_a_turn(
    tmp_path: Path, clock: MockClock, environment: DiskEnvironment, repositories: SlowRepositories
) -> None:
    repositories.go.set()
    plan = [call("update_plan", "c1", {"plan": []}), completed()]
    async with open_session(tmp_path, clock, responses=[plan, says("a"), says("b")], environment=environment) as bench:
        await bench.run("one")
        await bench.run("two")
        assert workspaces(bench) == [TOLD, TOLD, TOLD]
        assert repositories.asked == 2


async def test_a_slow_git_holds_up_no_request_and_what_it_says_goes_with_later_ones(
    tmp_path: Path, clock: MockClock, environment: DiskEnvironment, repositories: SlowRepositories
) -> None:
    pause = Pause()
    plan = [pause, call("update_plan", "c1", {"plan": []}), completed()]
    async with open_session(tmp_path, clock, responses=[plan, says("done")], environment=environment) as bench:
        turn = bench.begin("go")
        with trio.fail_after(PATIENCE):
            await pause.reached.wait()
            repositories.go.set()
            await trio.testing.wait_all_tasks_blocked()
            pause.go.set()
        await bench.end_of(turn)
        assert workspaces(bench) == [None, TOLD]


async def test_git_is_asked_no_longer_than_the_turn_runs(
    tmp_path: Path, clock: MockClock, environment: DiskEnvironment, repositories: SlowRepositories
) -> None:
    async with open_session(tmp_path, clock, responses=[says("done")], environment=environment) as bench:
        assert (await bench.run("go")).status == "completed"
        with trio.fail_after(PATIENCE):
            await repositories.stopped.wait()


async def test_a_turn_goes_on_where_git_cannot_be_asked(
    tmp_path: Path, clock: MockClock, environment: DiskEnvironment, repositories: SlowRepositories
) -> None:
    repositories.failure = OSError("no")
    repositories.go.set()
    async with open_session(tmp_path, clock, responses=[says("a"), says("b")], environment=environment) as bench:
        assert (await bench.run("one")).status == "completed"
        assert (await bench.run("two")).status == "completed"
        assert workspaces(bench) == [None, None]
