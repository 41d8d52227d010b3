"""A client's own process: its output goes no faster than it is taken, and it ends when it is due."""

import math
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from process_lab import PATIENCE, ProcessLab

from codex_trio.conformance.processes import is_alive, wait_gone
from codex_trio.execution.client_process import (
    CappedOutput,
    ClientProcess,
    ClientRun,
    KeptOutput,
    OutputDelta,
)
from codex_trio.execution.errors import SpawnError, StdinClosed, StdinNotOpen
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.streams import BIG_PIPE_BYTES, READ_SIZE


class Client:
    """Takes output when the test lets it."""

    def __init__(self) -> None:
        self.deltas: list[OutputDelta] = []
        self.reads = trio.Event()
        self.reads.set()
        self.arrived = trio.Event()

    async def take(self, delta: OutputDelta) -> None:
        self.arrived.set()
        await self.reads.wait()
        self.deltas.append(delta)

    def text(self, channel: str = "stdout") -> bytes:
        return b"".join(delta.data for delta in self.deltas if delta.channel == channel)


class Bench:
    """Makes client processes of the lab's scripts."""

    def __init__(self, lab: ProcessLab) -> None:
        self.lab = lab
        self.client = Client()
        self.started: ManagedProcess | None = None

    def process(
        self,
        script: str,
        *,
        stream: bool = True,
        cap: int | None = None,
        seconds: float | None = None,
        **settings: Any,
    ) -> ClientProcess:
        def start(request: SpawnRequest) -> AbstractAsyncContextManager[ManagedProcess]:
            self.started = self.lab.spawner.start(request)
            return self.started

        request = self.lab.shell(script, merge_output=False, **settings)
        run = ClientRun(request=request, streams_output=stream, cap_bytes=cap, seconds=seconds)
        return ClientProcess(run, start=start, on_delta=self.client.take)

    @asynccontextmanager
    async def running(self, process: ClientProcess, *, patience: float = PATIENCE) -> AsyncGenerator[trio.Event]:
        """Run it beside the block, which is given what is set at its end."""
        ended = trio.Event()

        async def run(*, task_status: trio.TaskStatus[None]) -> None:
            await process.run(task_status=task_status)
            ended.set()

        with trio.fail_after(patience):
            async with trio.open_nursery() as nursery:
                await nursery.start(run)
                yield ended
                await ended.wait()


@pytest.fixture
def bench(lab: ProcessLab) -> Bench:
    return Bench(lab)


def written(pid: int) -> int:
    """Return how many bytes a process has written so far."""
    with open(f"/proc/{pid}/io") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("wchar"))


def kept(output: KeptOutput) -> bytes:
    return b"".join(output.pieces)


async def test_a_process_waits_in_its_write_while_its_client_does_not_read(bench: Bench) -> None:
    size = 8 * 1024 * 1024
    script = f"echo $$ > pid; exec head -c {size} /dev/zero"
    client = bench.client
    client.reads = trio.Event()
    async with bench.running(bench.process(script)):
        pid = await bench.lab.read_pid("pid")
        await client.arrived.wait()
        # However long the client takes: one piece is on its way, and the pipe is full.
        await trio.sleep(0.2)
        assert is_alive(pid)
        assert written(pid) <= 2 * READ_SIZE + BIG_PIPE_BYTES
        assert client.deltas == []
        client.reads.set()
    assert len(client.text()) == size
    assert max(len(delta.data) for delta in client.deltas) <= READ_SIZE


async def test_what_gathers_while_the_client_is_busy_comes_in_one_piece(bench: Bench) -> None:
    client = bench.client
    client.reads = trio.Event()
    lines = b"".join(b"%d\n" % number for number in range(2000))
    script = "echo first; read _; i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; echo > done"
    process = bench.process(script, open_stdin=True)
    async with bench.running(process):
        await client.arrived.wait()
        await process.write(b"\n", close=False)
        while not await trio.Path(bench.lab.folder / "done").exists():  # noqa: ASYNC110
            await trio.sleep(0.005)
        client.reads.set()
    assert [delta.data for delta in client.deltas] == [b"first\n", lines]


async def test_a_terminal_gives_what_has_gathered_in_one_piece_too(bench: Bench) -> None:
    client = bench.client
    client.reads = trio.Event()
    size = 30_000
    script = f"stty -opost; printf x; echo > ready; head -c {size} /dev/zero | tr '\\0' y"
    async with bench.running(bench.process(script, tty=True)):
        await client.arrived.wait()
        client.reads.set()
    assert client.text() == b"x" + b"y" * size


@pytest.fixture
def clock(mock_clock: trio.testing.MockClock) -> trio.testing.MockClock:
    """A clock that goes on as always, and can be put forward."""
    mock_clock.rate = 1.0
    return mock_clock


LONG = 10_000.0


async def test_the_limit_of_time_counts_while_the_client_does_not_read(
    bench: Bench, clock: trio.testing.MockClock
) -> None:
    client = bench.client
    client.reads = trio.Event()
    process = bench.process("echo $$ > pid; exec cat /dev/zero", seconds=LONG)
    async with bench.running(process, patience=math.inf):
        pid = await bench.lab.read_pid("pid")
        with trio.fail_after(LONG + PATIENCE):
            await client.arrived.wait()
            clock.jump(LONG)
            await wait_gone(pid)
        assert process.end is None
        client.reads.set()
    assert process.end is not None
    assert process.end.exit_code == 124


async def test_no_limit_of_time_is_held_against_what_has_ended_by_itself(
    bench: Bench, clock: trio.testing.MockClock
) -> None:
    process = bench.process("sleep 600 & exit 3", seconds=LONG, stream=False)
    async with bench.running(process, patience=math.inf):
        assert bench.started is not None
        with trio.fail_after(PATIENCE):
            await bench.started.wait()
        clock.jump(LONG)
    assert process.end is not None
    assert (process.end.exit_code, process.end.drain_timed_out) == (3, True)


async def test_past_the_cap_output_is_read_and_forgotten(bench: Bench) -> None:
    process = bench.process("head -c 5000000 /dev/zero; echo err >&2; exit 2", cap=10, stream=False)
    async with bench.running(process):
        pass
    end = process.end
    assert end is not None
    assert (end.exit_code, kept(end.stdout), end.stdout.cap_reached) == (2, bytes(10), True)
    assert (kept(end.stderr), end.stderr.cap_reached) == (b"err\n", False)


@pytest.mark.parametrize("cap", [None, 1001, 1000])
async def test_no_more_is_kept_than_there_is_room_for_whatever_the_cap(cap: int | None) -> None:
    output = CappedOutput(cap, 1000)
    piece = bytes(250)
    for _ in range(4):
        admitted = output.admit(piece)
        assert admitted is not None
        output.keep(admitted)
        assert not output.has_overflown
    assert output.admit(b"more") is None
    found = output.kept()
    assert sum(map(len, found.pieces)) == 1000
    assert (found.cap_reached, found.has_overflown) == (True, cap != 1000)


async def test_writers_take_turns_and_the_end_of_input_comes_after_them(bench: Bench) -> None:
    size = 1_000_000
    process = bench.process("read _ < gate; cat | wc -c", stream=False, open_stdin=True)
    gate = bench.lab.folder / "gate"
    done = await trio.run_process(["/bin/sh", "-c", f"mkfifo {gate}"], env=bench.lab.env)
    assert done.returncode == 0
    async with bench.running(process), trio.open_nursery() as nursery:
        nursery.start_soon(partial(process.write, b"x" * size, close=False))
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(partial(process.write, b"y" * size, close=True))
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(StdinClosed):
            await process.write(b"z", close=False)
        await trio.Path(gate).write_text("\n")
    assert process.end is not None
    assert int(kept(process.end.stdout)) == 2 * size


async def test_input_is_refused_by_a_process_that_has_none(bench: Bench) -> None:
    process = bench.process("read _ < /dev/null; sleep 600", stream=False)
    async with bench.running(process):
        with pytest.raises(StdinNotOpen):
            await process.write(b"x", close=False)
        process.terminate()
    assert process.end is not None
    assert process.end.exit_code == 137


async def test_a_write_that_nobody_reads_ends_with_the_process(bench: Bench) -> None:
    process = bench.process("sleep 600", stream=False, open_stdin=True)

    async def write() -> None:
        with pytest.raises(StdinClosed):
            await process.write(bytes(1_000_000), close=False)

    async with bench.running(process), trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        process.terminate()


async def test_what_cannot_be_started_says_so_and_leaves_nothing(bench: Bench) -> None:
    process = bench.process("true", cwd="/no/such/folder")
    async with trio.open_nursery() as nursery:
        with pytest.raises(SpawnError, match="No such file or directory"):
            await nursery.start(process.run)
    assert not process.is_running
