"""A command of the user's own: whose it is, and what becomes of it when its thread or its turn ends."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from session_lab import NO_OVERRIDES, PATIENCE, Bench, Pause, call, completed, open_session, outputs, says, texts, told
from trio.testing import MockClock

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import CommandExecution
from codex_trio.engine import events
from codex_trio.engine.tasks.shell import ShellTurn, UserCommand, begin_in_turn
from codex_trio.testing.environments import MemoryEnvironment, ScriptedCommand, ScriptedSession

COMMAND = UserCommand(script="watch it", timeout_ms=60_000)
RUNS_ON = ScriptedCommand(output="so far\n", exit_code=None)


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


def alone(bench: Bench) -> ShellTurn:
    """Run the command as a turn."""
    turn = bench.session.begin(partial(ShellTurn, turn_id=uuid7(), command=COMMAND), NO_OVERRIDES)
    bench.session.launch(turn)
    return turn


def items(bench: Bench) -> list[CommandExecution]:
    """Return the commands that are over."""
    done = bench.heard.of(events.ItemCompleted)
    return [event.item for event in done if isinstance(event.item, CommandExecution)]


async def started(there: MemoryEnvironment) -> ScriptedSession:
    """Return the command, once it runs and has said all that it says."""
    with trio.fail_after(PATIENCE):
        while not there.opened[0].commands.started:
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
    return there.opened[0].commands.started[0]


async def test_it_runs_unconfined_and_the_model_cannot_reach_it(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment("there", script=lambda _: RUNS_ON)
    hello = Pause()
    reaching = [call("write_stdin", "c1", {"session_id": 1000}), completed()]
    async with open_session(tmp_path, clock, responses=[[hello], reaching, says("done")], environment=there) as bench:
        turn = bench.begin("go")
        await hello.reached.wait()
        begin: Any = partial(begin_in_turn, turn=turn, command=COMMAND, answered=told())
        await bench.session.beside(begin, NO_OVERRIDES)
        session = await started(there)
        assert session.request.sandboxed is False
        hello.go.set()
        assert (await bench.end_of(turn)).status == "completed"
        assert outputs(bench.client.requests[-1]) == [("c1", "write_stdin failed: Unknown process id 1000")]
        # It outlives the turn, whose item it is, and the model reads of it next time.
        assert items(bench) == []
        session.end(0)
        with trio.fail_after(PATIENCE):
            while "user_shell_command" not in bench.lines.text:
                await trio.lowlevel.checkpoint()
        [done] = bench.heard.of(events.ItemCompleted)[-1:]
        assert (done.turn_id, done.item.source, done.item.status) == (turn.id, "user_shell", "completed")
        bench.client.go_on([says("I see")])
        await bench.run("and?")
        assert "</user_shell_command>" in texts(bench.client.requests[-1])


async def test_its_turn_is_over_when_it_takes_too_long(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment("there", script=lambda _: RUNS_ON)
    async with open_session(tmp_path, clock, responses=[], environment=there) as bench:
        turn = alone(bench)
        session = await started(there)
        clock.jump(COMMAND.timeout_ms / 1000)
        assert (await bench.end_of(turn)).status == "completed"
        assert session.killed_because == "it ran for 60000 milliseconds"
        [item] = items(bench)
        assert (item.status, item.exit_code, item.aggregated_output) == ("failed", -1, "so far\n")


async def test_one_that_is_stopped_while_it_begins_is_over_too(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment("there", script=lambda _: RUNS_ON)
    async with (
        trio.open_nursery() as nursery,
        open_session(tmp_path, clock, responses=[], environment=there) as bench,
    ):
        turn = alone(bench)

        def stop(event: events.Event) -> None:
            if isinstance(event, events.ItemStarted):
                nursery.start_soon(turn.interrupt, told())

        bench.heard.react = stop
        assert (await bench.end_of(turn)).status == "interrupted"
        assert [item.status for item in items(bench)] == ["failed"]


async def test_what_it_said_before_it_was_interrupted_is_kept(tmp_path: Path, clock: MockClock) -> None:
    there = MemoryEnvironment("there", script=lambda _: RUNS_ON)
    async with open_session(tmp_path, clock, responses=[says("I see")], environment=there) as bench:
        turn = alone(bench)
        await started(there)
        await turn.interrupt(told())
        assert (await bench.end_of(turn)).status == "interrupted"
        [item] = items(bench)
        assert (item.exit_code, item.aggregated_output) == (-1, "so far\n")
        await bench.run("and?")
        [report] = [text for text in bench.stored("message") if "user_shell_command" in str(text)]
        assert "Exit code: -1" in report["content"][0]["text"]
        assert "so far" in report["content"][0]["text"]
