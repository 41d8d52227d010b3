"""`codex-trio app-server` ends in order when it is told to by a signal, whatever it is doing."""

import array
import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import trio

from codex_trio.client.channel import LineChannel
from codex_trio.client.process import SpawnedServer
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call
from codex_trio.testing.model_server import open_model_server

PATIENCE = 20

each_signal = pytest.mark.parametrize(
    ("number", "exit_code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 129)],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)


@pytest.fixture
async def server_lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    command = (sys.executable, "-m", "codex_trio.testing.command", "app-server")
    async with open_model_server() as model:
        yield Lab(tmp_path, ServerUnderTest(command, "codex-trio", {"PYTHONPATH": os.pathsep.join(sys.path)}), model)


async def end_of(probe: Probe) -> tuple[int, str]:
    """Return the server's exit code and all that it wrote to its standard error."""
    with trio.fail_after(PATIENCE):
        assert isinstance(probe.server, SpawnedServer)
        code = await probe.server.process.wait()
        await probe.server.stderr_tail.ended.wait()
    return code, probe.server.stderr


async def pid_in(path: Path) -> int:
    """Return the process id that a command writes into a file, with a newline behind it."""
    with trio.fail_after(PATIENCE):
        while not (text := _text_of(path)).endswith("\n"):  # noqa: ASYNC110  # a command writes it
            await trio.sleep(0.01)
    return int(text)


def _text_of(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


@each_signal
async def test_a_signal_ends_an_idle_server_without_a_word(
    server_lab: Lab, number: signal.Signals, exit_code: int
) -> None:
    async with server_lab.run() as probe:
        await probe.start_thread()
        probe.server.process.send_signal(number)
        assert await end_of(probe) == (exit_code, "")


@each_signal
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


async def test_a_server_that_nohup_started_goes_on_when_its_terminal_hangs_up(server_lab: Lab) -> None:
    given = server_lab.server
    command = ("/usr/bin/env", "--ignore-signal=HUP", *given.command)
    server_lab.server = ServerUnderTest(command, given.kind, given.extra_env)
    async with server_lab.run() as probe:
        probe.server.process.send_signal(signal.SIGHUP)
        assert await probe.start_thread()


async def test_the_rollout_says_that_a_second_signal_cut_a_turn_short(server_lab: Lab) -> None:
    server_lab.script(answer(function_call("exec_command", {"cmd": "echo $$ >pid; exec sleep 300"}, call_id="c1")))
    async with server_lab.listen() as server, server.connect() as client:
        thread = await client.start_thread(cwd=str(server_lab.cwd))
        await client.start_turn(thread["id"])
        await pid_in(server_lab.cwd / "pid")
        server.signal(signal.SIGTERM)
        with trio.fail_after(PATIENCE):
            while "Ctrl-C once more ends at once" not in server.stderr:  # noqa: ASYNC110  # nothing tells of news there
                await trio.sleep(0.01)
        assert await client.request("thread/loaded/list")
        server.signal(signal.SIGTERM)
        assert await client.closed_with() == 1001
        assert await server.ended() == 0
    [rollout] = server_lab.rollouts()
    assert '"turn_aborted"' in rollout.read_text()


async def test_a_signal_that_comes_with_the_banner_does_not_kill(server_lab: Lab) -> None:
    server_lab.configure()
    process = await trio.lowlevel.open_process(
        [*server_lab.server.command, "--listen", "ws://127.0.0.1:0"],
        env=server_lab.environment({}),
        cwd=server_lab.cwd,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    with trio.fail_after(PATIENCE):
        async with process.stderr:
            assert b"WebSockets" in await process.stderr.receive_some()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def test_a_user_who_insists_gets_an_end_without_order(server_lab: Lab) -> None:
    server_lab.configure()
    process = await trio.lowlevel.open_process(
        server_lab.server.command,
        env=server_lab.environment({}),
        cwd=server_lab.cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert isinstance(process.stdout, trio.lowlevel.FdStream)
    assert process.stderr is not None
    with trio.fail_after(PATIENCE):
        async with process.stdin, process.stdout, process.stderr:
            client = LineChannel(process.stdin, process.stdout)
            await client.send(b'{"id":0,"method":"initialize","params":{"clientInfo":{"name":"deaf","version":"1"}}}')
            assert await client.receive()
            # More than the pipe holds, and nobody reads it: an orderly end waits for the client, and says so.
            # How much it holds depends on the pieces that it was written in.
            seen, times_seen = -1, 0
            while times_seen < 50:
                await client.send(b'{"id":1,"method":"model/list","params":{}}')
                await trio.sleep(0.02)
                unread = unread_bytes(process.stdout)
                seen, times_seen = unread, times_seen + 1 if unread == seen else 0
            while process.poll() is None:
                process.send_signal(signal.SIGTERM)
                await trio.sleep(0.1)
            assert process.returncode == -signal.SIGTERM
            assert await process.stderr.receive_some() == b""


def unread_bytes(stream: trio.lowlevel.FdStream) -> int:
    """Return how much waits in a pipe."""
    count = array.array("i", [0])
    fcntl.ioctl(stream.fileno(), termios.FIONREAD, count)
    return count[0]
