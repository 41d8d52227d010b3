"""However a server or its client comes to an end, a moment later nothing that a turn has started still runs."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import AppServerClient, open_client
from codex_trio.client.turns import start_thread
from codex_trio.conformance.lab import WEBSOCKET, Lab, ServerUnderTest
from codex_trio.testing.model_script import answer, function_call
from codex_trio.testing.model_server import open_model_server

PATIENCE = 20
SECONDS = 10
"""After which nothing may be left: two on a machine that has nothing else to do, which tests cannot count on."""

# A background child, one in a session of its own, a daemon whose parent is gone as well, and the shell itself.
FAMILY = """
sleep 300 & echo $! >plain
setsid sh -c 'echo $$ >session; exec sleep 300' &
(setsid sh -c 'echo $$ >daemon; exec sleep 300' >/dev/null 2>&1 &)
echo $$ >leader; exec sleep 300
"""
MEMBERS = ("plain", "session", "daemon", "leader")

COMMAND = (sys.executable, "-m", "codex_trio.testing.command", "app-server")

LAUNCHER = """
import subprocess, sys
server = subprocess.Popen(sys.argv[3:], stdin=int(sys.argv[1]), stdout=int(sys.argv[2]))
with open("server", "w") as file:
    file.write(f"{server.pid}\\n")
server.wait()
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncGenerator[Lab]:
    async with open_model_server() as model:
        lab = Lab(tmp_path, ServerUnderTest(COMMAND, "codex-trio", {"PYTHONPATH": os.pathsep.join(sys.path)}), model)
        lab.script(answer(function_call("exec_command", {"cmd": FAMILY}, call_id="c1")))
        yield lab


async def run_family(lab: Lab, client: AppServerClient) -> list[int]:
    """Start a turn that runs the family; their process ids."""
    thread = await start_thread(client, cwd=str(lab.cwd))
    params: dict[str, Any] = {"threadId": thread.id, "input": [{"type": "text", "text": "go"}]}
    await client.request("turn/start", params)
    with trio.fail_after(PATIENCE):
        return [await pid_in(lab.cwd / name) for name in MEMBERS]


async def pid_in(file: Path) -> int:
    path = trio.Path(file)
    while not await path.exists() or not (text := await path.read_text()).endswith("\n"):  # noqa: ASYNC110  # a command writes it
        await trio.sleep(0.01)
    return int(text)


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


async def all_gone(pids: list[int]) -> None:
    with trio.move_on_after(SECONDS):
        while any(alive(pid) for pid in pids):  # noqa: ASYNC110  # nothing tells of another's children
            await trio.sleep(0.01)
    assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.parametrize(
    "numbers",
    [
        [signal.SIGTERM],
        [signal.SIGINT],
        [signal.SIGHUP],
        [signal.SIGINT, signal.SIGINT],
        [signal.SIGKILL],
        [signal.SIGSEGV],
        [signal.SIGABRT],
    ],
    ids=lambda numbers: "-".join(number.name for number in numbers),
)
async def test_a_stdio_server_that_is_sent_signals_leaves_nothing(lab: Lab, numbers: list[signal.Signals]) -> None:
    async with lab.run() as probe:
        pids = await run_family(lab, probe.client)
        for number in numbers:
            probe.server.process.send_signal(number)
        await all_gone([*pids, probe.server.process.pid])


async def test_a_stdio_server_at_the_end_of_its_input_leaves_nothing(lab: Lab) -> None:
    async with lab.run() as probe:
        pids = await run_family(lab, probe.client)
        assert probe.server.process.stdin is not None
        await probe.server.process.stdin.aclose()
        await all_gone([*pids, probe.server.process.pid])


@asynccontextmanager
async def launched(lab: Lab) -> AsyncGenerator[tuple[trio.Process, AppServerClient, int]]:
    """Provide a stdio server started by another process; its pipes are held by the test, so that they
    outlive that one.
    """
    server_in, our_out = os.pipe()
    our_in, server_out = os.pipe()
    launcher = await trio.lowlevel.open_process(
        [sys.executable, "-c", LAUNCHER, str(server_in), str(server_out), *COMMAND],
        env=lab.environment({}),
        cwd=lab.cwd,
        pass_fds=(server_in, server_out),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(server_in)
    os.close(server_out)
    channel = LineChannel(trio.lowlevel.FdStream(our_out), trio.lowlevel.FdStream(our_in))
    try:
        async with open_client(channel, refuse_unhandled=False) as client:
            await client.initialize("orphan maker", "1.0")
            yield launcher, client, await pid_in(lab.cwd / "server")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(launcher.pid, signal.SIGKILL)
        await launcher.wait()


async def test_a_stdio_server_whose_parent_is_killed_ends_though_its_input_stays_open(lab: Lab) -> None:
    lab.configure()
    with trio.fail_after(PATIENCE):
        async with launched(lab) as (launcher, client, server):
            pids = await run_family(lab, client)
            launcher.kill()
            await all_gone([*pids, server])
    [rollout] = lab.rollouts()
    assert '"turn_aborted"' in await trio.Path(rollout).read_text()


@pytest.mark.parametrize(
    ("place", "numbers"),
    [
        ("websocket", [signal.SIGTERM, signal.SIGTERM]),
        ("websocket", [signal.SIGHUP, signal.SIGHUP, signal.SIGINT]),
        ("websocket", [signal.SIGKILL]),
        ("unix", [signal.SIGINT, signal.SIGINT]),
        ("unix", [signal.SIGKILL]),
        ("unix", [signal.SIGSEGV]),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(number.name for number in value),
)
async def test_a_listening_server_that_is_sent_signals_leaves_nothing(
    lab: Lab, place: str, numbers: list[signal.Signals]
) -> None:
    address = lab.unix_socket if place == "unix" else WEBSOCKET
    async with lab.listen(address) as server, server.connect() as client:
        pids = await run_family(lab, client.client)
        for number in numbers:
            server.signal(number)
            # The same signal twice in one moment counts once.
            await trio.sleep(0.1)
        await all_gone([*pids, server.process.pid])


async def test_a_turn_and_its_commands_outlive_a_client_of_a_listening_server(lab: Lab) -> None:
    async with lab.listen() as server:
        async with server.connect() as client:
            pids = await run_family(lab, client.client)
        async with server.connect() as client:
            assert (await client.request("thread/loaded/list"))["data"]
            assert all(alive(pid) for pid in pids)
