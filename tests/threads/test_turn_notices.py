"""The user's program at the end of a turn: when it is run, and what becomes of one that fails or goes on."""

import errno
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.config.settings import EffectiveConfig
from codex_trio.domain.items import AgentMessage, AgentText, TurnItem, UserMessage
from codex_trio.engine.events import ItemCompleted, TurnEnded
from codex_trio.execution.errors import SpawnError
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.threads.notify import LAST_SECONDS, MOST_NOTICES, NOTIFY_SECONDS, TurnNotices

CONFIG = cast("EffectiveConfig", SimpleNamespace(merged={"notify": ["program", "more"]}))


class Program:
    """A process that ends when `end` is set."""

    def __init__(self) -> None:
        self.end = trio.Event()
        self.exit_code: int | None = None
        self.was_killed = False
        self.stdout = SimpleNamespace(receive=self._receive)

    async def _receive(self) -> bytes:
        await self.end.wait()
        return b""

    async def wait(self) -> int:
        await self.end.wait()
        self.exit_code = 0
        return 0

    async def aclose(self, *, kill: bool) -> None:
        self.was_killed = kill and self.exit_code is None


class Bench:
    """Counts what is started, in place of an operating system."""

    def __init__(self) -> None:
        self.started: list[SpawnRequest] = []
        self.programs: list[Program] = []

    def start(self, request: SpawnRequest) -> ManagedProcess:
        self.started.append(request)
        self.programs.append(Program())
        return cast("ManagedProcess", self.programs[-1])


Start = Callable[[SpawnRequest], ManagedProcess]


@asynccontextmanager
async def noticing(start: Start) -> AsyncGenerator[tuple[TurnNotices, trio.Nursery]]:
    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            yield (
                TurnNotices(CONFIG, "t", start, environ={}, cwd=lambda: "/", client="test", nursery=nursery),
                nursery,
            )


def said(item: TurnItem) -> ItemCompleted:
    return ItemCompleted(turn_id="1", item=item, started_ms=0, completed_ms=0)


def ended(last: str | None = None, **more: Any) -> TurnEnded:
    message = None if last is None else AgentMessage(id="m", content=[AgentText(text=last)])
    known: dict[str, Any] = {
        "turn_id": "1",
        "root_turn_id": "1",
        "status": "completed",
        "failure": None,
        "last_message": message,
        "last_message_started_ms": None,
        "last_message_completed_ms": None,
        "started_at": 0,
        "completed_at": 0,
        "duration_ms": 0,
        "has_message": message is not None,
    }
    return TurnEnded(**(known | more))


@pytest.mark.parametrize("more", [{"status": "failed"}, {"status": "interrupted"}, {"is_upkeep": True}])
async def test_turns_that_did_not_complete_and_work_on_the_thread_are_not_told(more: dict[str, Any]) -> None:
    bench = Bench()
    async with noticing(bench.start) as (notices, _):
        notices.heard(ended(**more))
        await wait_all_tasks_blocked()
    assert bench.started == []


async def test_a_program_that_cannot_be_started_is_logged_and_nothing_else_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: SpawnRequest) -> ManagedProcess:
        raise SpawnError(errno.ENOENT)

    async with noticing(refuse) as (notices, _):
        notices.heard(ended())
        notices.heard(ended())
    assert [record.message.partition(":")[0] for record in caplog.records] == ["thread t"] * 2
    assert "could not be run" in caplog.text


async def test_a_program_that_does_not_end_is_killed(mock_clock: MockClock, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    async with noticing(bench.start) as (notices, _):
        notices.heard(ended())
        await wait_all_tasks_blocked()
        mock_clock.jump(NOTIFY_SECONDS)
    assert bench.programs[0].was_killed
    assert "was ended after 30 s" in caplog.text


@pytest.mark.parametrize("in_time", [True, False])
async def test_a_server_that_ends_lets_the_program_end(mock_clock: MockClock, *, in_time: bool) -> None:
    bench = Bench()
    async with noticing(bench.start) as (notices, nursery):
        notices.heard(ended())
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await wait_all_tasks_blocked()
            if in_time:
                bench.programs[0].end.set()
            else:
                mock_clock.jump(LAST_SECONDS)
    assert bench.programs[0].was_killed is not in_time


async def test_of_many_at_once_the_rest_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    async with noticing(bench.start) as (notices, _):
        for _turn in range(MOST_NOTICES + 1):
            notices.heard(ended())
        await wait_all_tasks_blocked()
        for program in bench.programs:
            program.end.set()
    assert len(bench.started) == MOST_NOTICES
    assert caplog.text.count("was not run") == 1


async def test_words_that_are_too_many_for_an_argument_are_shortened() -> None:
    bench = Bench()
    async with noticing(bench.start) as (notices, _):
        for _word in range(20):
            notices.heard(said(UserMessage(id="u", content=[{"type": "text", "text": "\u20ac" * 50_000}])))
        notices.heard(ended("\u20ac" * 50_000))
        await wait_all_tasks_blocked()
        bench.programs[0].end.set()
    *command, text = bench.started[0].argv
    assert command == ["program", "more"]
    assert len(text.encode()) < 128 * 1024
    notice = json.loads(text)
    assert [set(words) for words in notice["input-messages"]] == [{"\u20ac"}] * 8
    assert notice["last-assistant-message"] == "\u20ac" * 5000
