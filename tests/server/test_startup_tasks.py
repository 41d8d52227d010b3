"""What a server does by itself after it began."""

import logging

import pytest
import trio

from codex_trio.server.idle import Idle
from codex_trio.server.startup_tasks import StartupTask, run_startup_tasks


class Done:
    def __init__(self) -> None:
        self.names: list[str] = []

    def task(self, name: str, *, fails: bool = False) -> StartupTask:
        async def run() -> None:
            await trio.lowlevel.checkpoint()
            self.names.append(name)
            if fails:
                raise RuntimeError("no")

        return StartupTask(name, run)


async def test_a_task_that_fails_is_logged_and_the_others_run(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    done = Done()
    await run_startup_tasks([done.task("one", fails=True), done.task("two")], Idle(), are_wanted=True)
    assert sorted(done.names) == ["one", "two"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["one failed"]


async def test_tasks_wait_until_clients_are_quiet(autojump_clock: trio.testing.MockClock) -> None:
    done, idle = Done(), Idle()
    idle.began()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: run_startup_tasks([done.task("one")], idle, are_wanted=True))
        await trio.testing.wait_all_tasks_blocked()
        assert done.names == []
        idle.ended()
    assert done.names == ["one"]


async def test_none_runs_where_they_are_not_wanted() -> None:
    done = Done()
    await run_startup_tasks([done.task("one")], Idle(), are_wanted=False)
    assert done.names == []
