"""Scripts run in a process that can compute, and can reach nothing but the server's end of its pipes."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from codex_trio.execution.errors import ScriptProcessEnded
from codex_trio.execution.scripts.host import OUT_OF_MEMORY, STUCK
from codex_trio.execution.scripts.process import ScriptProcess, start_script_process
from codex_trio.execution.spawner import open_process_spawner

PATIENCE = 30.0


@asynccontextmanager
async def open_process() -> AsyncGenerator[ScriptProcess]:
    with trio.fail_after(PATIENCE):
        async with open_process_spawner() as spawner:
            process = start_script_process(spawner)
            try:
                yield process
            finally:
                await process.aclose()


async def begin(process: ScriptProcess, code: str, values: Mapping[str, str] | None = None) -> None:
    tools = [{"name": "double", "description": "Doubles."}]
    await process.send({"type": "begin", "code": code, "tools": tools, "values": dict(values or {})})


async def run(process: ScriptProcess, code: str, values: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Run a script whose calls are answered with twice what they give, or refused, and return all that it says."""
    await begin(process, code, values)
    said: list[dict[str, Any]] = []
    while not said or said[-1]["type"] != "done":
        message = await process.receive()
        said.append(message)
        if message["type"] == "call":
            given = message["input"]
            answer = {"value": {"doubled": given["n"] * 2}} if given else {"error": "nothing to double"}
            await process.send({"type": "result", "id": message["id"], **answer})
    return said


def texts(said: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in said if message["type"] == "text"]


async def test_scripts_run_one_after_the_other_and_know_nothing_of_one_another():
    async with open_process() as process:
        code = "globalThis.left = 1; Array.prototype.left = 1; text((await tools.double({ n: 21 })).doubled)"
        assert texts(await run(process, code)) == ["42"]
        assert texts(await run(process, "text(typeof left); text([].left); text(load('k'))", {"k": "[1]"})) == [
            "undefined",
            "undefined",
            "[1]",
        ]


async def test_a_refused_call_throws_its_reason():
    async with open_process() as process:
        assert texts(await run(process, "try { await tools.double() } catch (e) { text(e) }")) == ["nothing to double"]
        assert (await run(process, "await tools.double()"))[-1] == {"type": "done", "error": "nothing to double"}


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("await new Promise(() => {})", STUCK),
        ("const a = []; while (true) a.push(new Array(10000).fill(1))", "out of memory"),
        ('text("x".repeat(20 * 1024 * 1024))', "too large to pass on"),
        ("const again = () => again(); again()", "Maximum call stack size exceeded"),
        ('await import("/etc/passwd")', "could not load module"),
        ("setTimeout(() => { throw new Error('late') }); await new Promise((go) => setTimeout(go, 5000))", "late"),
        ("throw { toString() { throw 1 } }", ""),
    ],
)
async def test_a_script_that_goes_wrong_ends_with_a_reason_and_the_next_one_runs(code, problem):
    async with open_process() as process:
        end = (await run(process, code))[-1]
        assert problem in end["error"] or end["error"] == OUT_OF_MEMORY
        assert texts(await run(process, "text(1)")) == ["1"]


async def test_half_a_character_is_passed_on_as_a_mark():
    async with open_process() as process:
        assert texts(await run(process, r'text("a\ud800b")')) == ["a?b"]


async def test_a_script_that_never_ends_is_ended_with_its_process():
    async with open_process() as process:
        await begin(process, "text(1); while (true) {}")
        assert (await process.receive())["text"] == "1"
        await process.aclose()


async def test_a_value_that_is_nested_too_deep_ends_the_script_with_that_reason():
    async with open_process() as process:
        with pytest.raises(ScriptProcessEnded, match="nested too deep"):
            await run(process, "let d = {}; for (let i = 0; i < 3000; i++) d = {d}; await tools.double(d)")


async def hear_all(process: ScriptProcess) -> None:
    while True:
        await process.receive()


def script_processes() -> list[int]:
    """Return the processes of this test that run scripts."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"scripts.host" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize(
    ("number", "why"),
    [(signal.SIGKILL, "killed from elsewhere"), (signal.SIGXCPU, "more than 60 seconds of processor time")],
)
async def test_a_process_that_is_killed_says_by_what(number: signal.Signals, why: str):
    async with open_process() as process:
        await begin(process, "text(1); await tools.double({ n: 1 })")
        await process.receive()
        [pid] = script_processes()
        os.kill(pid, number)
        with pytest.raises(ScriptProcessEnded, match=why):
            await hear_all(process)


async def test_a_process_that_is_gone_says_so():
    async with open_process() as process:
        await begin(process, "text(1); await tools.double({ n: 1 })")
        await process.receive()
        await process.aclose()
        with pytest.raises(ScriptProcessEnded):
            await run(process, "text(1)")


def test_the_process_can_open_connect_and_start_nothing():
    attempts = """
import os, socket
from codex_trio.execution.scripts import host
reader, writer = os.pipe()
os.dup2(reader, 0)
host._limit(); host._confine()
for attempt in (lambda: open("/etc/passwd"), socket.socket, os.fork, lambda: os.execv("/bin/true", ["true"]),
                lambda: os.kill(os.getppid(), 0), lambda: os.listdir("/")):
    try:
        attempt()
    except PermissionError:
        print("refused")
    else:
        print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", attempts],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PYTHONPATH": os.getcwd(), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.stdout.split() == ["refused"] * 6, done.stderr
