"""`codex-trio app-server` ends in order when it is told to by a signal, whatever it is doing."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio

from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call
from codex_trio.testing.model_server import open_model_server

PATIENCE = 20

both_signals = pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["SIGINT", "SIGTERM"]
)


@pytest.fixture
async def server_lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    command = (sys.executable, "-m", "codex_trio", "app-server")
    async with open_model_server() as model:
        yield Lab(tmp_path, ServerUnderTest(command, "codex-trio", {"PYTHONPATH": os.pathsep.join(sys.path)}), model)


async def end_of(probe: Probe) -> tuple[int, str]:
    """The server's exit code and all that it wrote to its standard error."""
    with trio.fail_after(PATIENCE):
        code = await probe.server.process.wait()
        await probe.server.stderr_tail.ended.wait()
    return code, probe.server.stderr


async def pid_in(path: Path) -> int:
    """The process id that a command writes into a file, with a newline behind it."""
    with trio.fail_after(PATIENCE):
        while not (text := _text_of(path)).endswith("\n"):  # noqa: ASYNC110  # a command writes it
            await trio.sleep(0.01)
    return int(text)


def _text_of(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


@both_signals
async def test_a_signal_ends_an_idle_server_without_a_word(
    server_lab: Lab, number: signal.Signals, exit_code: int
) -> None:
    async with server_lab.run() as probe:
        await probe.start_thread()
        probe.server.process.send_signal(number)
        assert await end_of(probe) == (exit_code, "")


@both_signals
async def test_a_signal_during_a_command_kills_it_and_the_rollout_says_that_its_turn_was_interrupted(
    server_lab: Lab, number: signal.Signals, exit_code: int
) -> None:
    server_lab.script(answer(function_call("exec_command", {"cmd": "echo $$ >pid; exec sleep 300"}, call_id="c1")))
    async with server_lab.run() as probe:
        thread = await probe.start_thread(cwd=str(server_lab.cwd))
        await probe.start_turn(thread["id"])
        pid = await pid_in(server_lab.cwd / "pid")
        probe.server.process.send_signal(number)
        assert await end_of(probe) == (exit_code, "")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    [rollout] = server_lab.rollouts()
    assert '"turn_aborted"' in rollout.read_text()


async def test_an_impatient_second_interrupt_does_not_break_into_the_end(server_lab: Lab) -> None:
    server_lab.script(answer(function_call("exec_command", {"cmd": "echo $$ >pid; exec sleep 300"}, call_id="c1")))
    async with server_lab.run() as probe:
        thread = await probe.start_thread(cwd=str(server_lab.cwd))
        await probe.start_turn(thread["id"])
        await pid_in(server_lab.cwd / "pid")
        for _ in range(2):
            probe.server.process.send_signal(signal.SIGINT)
            await trio.sleep(0.01)
        code, stderr = await end_of(probe)
        # One that comes when all is done and the interpreter is on its way out kills it; to a shell that is 130 too.
        assert code in (130, -signal.SIGINT)
        assert stderr == ""
    [rollout] = server_lab.rollouts()
    assert '"turn_aborted"' in rollout.read_text()
