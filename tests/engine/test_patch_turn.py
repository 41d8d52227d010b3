"""A turn that patches files ends when it is stopped, and tells what became of them, whatever the files do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from session_lab import Bench, DiskEnvironment, open_session, says, told
from trio.testing import MockClock

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import FileChange
from codex_trio.engine import events
from codex_trio.engine.tasks.turn import Turn
from codex_trio.files.contents import WriteGate
from codex_trio.files.disk import DiskFiles
from codex_trio.files.local import LocalFiles
from codex_trio.model.events import Completed, ModelEvent, OutputItemDone
from codex_trio.tools.patch import CHECK_SECONDS, STOPPED_SECONDS, WRITE_SECONDS

PATIENCE = 20
"""Real seconds, for what takes none."""


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and is set on where time is to pass."""
    return MockClock(rate=1.0)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "codex").mkdir()
    config = 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n'
    (tmp_path / "codex" / "config.toml").write_text(config)
    (tmp_path / "f").write_text("a\n")
    return tmp_path


class Stuck(DiskEnvironment):
    """A disk that does not read, or does not write, until it is let go."""

    def __init__(self, method: str) -> None:
        super().__init__()
        self._method = method
        self._reached = threading.Event()
        self._let_go = threading.Event()
        self.files = _StuckFiles(self)

    def wait(self, method: str) -> None:
        if method == self._method:
            self._reached.set()
            self._let_go.wait(PATIENCE * 3)

    async def reached(self) -> None:
        assert await trio.to_thread.run_sync(self._reached.wait, PATIENCE)

    def let_go(self) -> None:
        self._let_go.set()


class _StuckFiles(LocalFiles):
    def __init__(self, disk: Stuck) -> None:
        self._disk = disk

    def blocking(self, gate: WriteGate | None = None) -> DiskFiles:
        return _StuckDiskFiles(self._disk, gate)


class _StuckDiskFiles(DiskFiles):
    def __init__(self, disk: Stuck, gate: WriteGate | None) -> None:
        super().__init__(gate)
        self._disk = disk

    def read(self, path: str) -> bytes | None:
        self._disk.wait("read")
        return super().read(path)

    def write(self, path: str, content: bytes) -> None:
        self._disk.wait("write")
        super().write(path, content)


@pytest.fixture
def stuck(request: pytest.FixtureRequest) -> Iterator[Stuck]:
    stuck = Stuck(request.param)
    yield stuck
    stuck.let_go()


def patches(*lines: str) -> list[ModelEvent]:
    """Return a response that is one patch."""
    call = {
        "type": "custom_tool_call",
        "id": f"ctc_{uuid7()}",
        "call_id": "p1",
        "name": "apply_patch",
        "input": "\n".join(["*** Begin Patch", *lines, "*** End Patch"]),
        "status": "completed",
    }
    return [OutputItemDone(item=call), Completed(response_id="r", usage=None, end_turn=None)]


RESPONSES = [patches("*** Update File: f", "@@", "-a", "+b"), says("done")]


def changes(bench: Bench) -> list[FileChange]:
    """Return the patches that are over."""
    return [event.item for event in bench.heard.of(events.ItemCompleted) if isinstance(event.item, FileChange)]


async def ended(bench: Bench, turn: Turn) -> str:
    with trio.fail_after(PATIENCE + CHECK_SECONDS + WRITE_SECONDS):
        await turn.ended.wait()
    (event,) = bench.heard.of(events.TurnEnded)
    return event.status


@pytest.mark.parametrize("stuck", ["read"], indirect=True)
async def test_a_turn_is_stopped_while_its_patch_waits_for_a_file(base: Path, clock: MockClock, stuck: Stuck) -> None:
    async with open_session(base, clock, responses=RESPONSES, environment=stuck) as bench:
        turn = bench.begin("go")
        await stuck.reached()
        with trio.fail_after(PATIENCE):
            await turn.interrupt(told())
        assert await ended(bench, turn) == "interrupted"
        assert changes(bench) == []
        assert not bench.heard.of(events.DiffUpdated)
    assert (base / "f").read_text() == "a\n"


@pytest.mark.parametrize("stuck", ["read"], indirect=True)
async def test_a_patch_of_a_file_that_never_answers_is_given_up(base: Path, clock: MockClock, stuck: Stuck) -> None:
    async with open_session(base, clock, responses=RESPONSES, environment=stuck) as bench:
        turn = bench.begin("go")
        await stuck.reached()
        clock.jump(CHECK_SECONDS)
        assert await ended(bench, turn) == "completed"
        assert f"could not be checked within {CHECK_SECONDS} seconds" in bench.lines.text
        assert changes(bench) == []


@pytest.mark.parametrize("stuck", ["write"], indirect=True)
async def test_a_patch_that_is_being_written_is_written_whole_though_the_turn_is_stopped(
    base: Path, clock: MockClock, stuck: Stuck
) -> None:
    async with open_session(base, clock, responses=RESPONSES, environment=stuck) as bench:
        turn = bench.begin("go")
        await stuck.reached()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(turn.interrupt, told())
            await trio.testing.wait_all_tasks_blocked()
            stuck.let_go()
        assert await ended(bench, turn) == "interrupted"
        (item,) = changes(bench)
        assert (item.status, item.stdout) == ("completed", "Success. Updated the following files:\nM f\n")
        (update,) = bench.heard.of(events.DiffUpdated)
        assert "-a\n+b\n" in update.diff
    assert (base / "f").read_text() == "b\n"


@pytest.mark.parametrize("stuck", ["write"], indirect=True)
@pytest.mark.parametrize("stops", [True, False])
async def test_a_patch_that_is_never_written_is_given_up_and_told_of(
    base: Path, clock: MockClock, stuck: Stuck, *, stops: bool
) -> None:
    async with open_session(base, clock, responses=RESPONSES, environment=stuck) as bench:
        turn = bench.begin("go")
        await stuck.reached()
        async with trio.open_nursery() as nursery:
            if stops:
                nursery.start_soon(turn.interrupt, told())
                await trio.testing.wait_all_tasks_blocked()
            clock.jump(STOPPED_SECONDS if stops else WRITE_SECONDS)
        assert await ended(bench, turn) == ("interrupted" if stops else "completed")
        (item,) = changes(bench)
        assert item.status == "failed"
        assert item.stderr is not None
        assert "what has become of them is not known" in item.stderr


async def test_the_diff_is_told_after_the_patch_and_at_the_end(base: Path, clock: MockClock) -> None:
    responses = [*RESPONSES[:1], patches("*** Add File: g", "+x"), says("done")]
    async with open_session(base, clock, responses=responses) as bench:
        assert await ended(bench, bench.begin("go")) == "completed"
        first, second, last = (update.diff for update in bench.heard.of(events.DiffUpdated))
        assert first.count("diff --git") == 1
        assert second.count("diff --git") == 2
        assert last == second
