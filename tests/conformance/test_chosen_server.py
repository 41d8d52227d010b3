"""Which server the scenarios judge."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import trio
import trio.testing

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import open_client
from codex_trio.client.process import SpawnedServer, StderrTail
from codex_trio.conformance.probe import Log, Probe, Waited

ROOT = Path(__file__).parent.parent.parent
PYTHON = os.path.relpath(sys.executable, ROOT)
SCENARIO = "codex_trio/conformance/scenarios/test_thread.py"


SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and message["method"] == "initialize":
        print(json.dumps({"id": message["id"], "result": {}}), flush=True)
    elif "id" in message:
        error = {"code": -32600, "message": f"thread not found: {message['params']['threadId']}"}
        print(json.dumps({"id": message["id"], "error": error}), flush=True)
"""


async def pytest_run(tmp_path: Path, cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """Run pytest in a folder with an environment of its own."""
    environ = {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with trio.fail_after(60):
        return await trio.run_process(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=cwd,
            env=environ,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )


async def judged(command: str, tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    """Run one scenario of the checkout against the server that a command line starts."""
    chosen = ("-k", "refused_before_its_first_turn", "--app-server", command)
    return await pytest_run(tmp_path, ROOT, SCENARIO, *chosen, *options)


async def judged_elsewhere(command: str, tmp_path: Path, *options: str) -> "subprocess.CompletedProcess[bytes]":
    """Run one scenario as who has only installed the package does, in a folder with a server of its own."""
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugin = ("-c", "pytest.ini", *options)
    scenarios = ("--pyargs", "codex_trio.conformance.scenarios.test_thread", "-k", "unknown_thread and compact")
    return await pytest_run(tmp_path, tmp_path, *plugin, *scenarios, "--app-server", command)


# `no:` is for a .venv from before the plugin was left out of everybody's runs.
PLUGIN = ("-p", "no:codex_trio_conformance", "-p", "codex_trio.conformance.plugin")


async def test_a_server_can_be_named_relative_to_where_the_scenarios_are_started(tmp_path: Path) -> None:
    done = await judged(f"{PYTHON} -m codex_trio.testing.command app-server", tmp_path)
    assert b"1 passed" in done.stdout, done.stdout.decode()


async def test_a_server_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = await judged("no-such-server app-server", tmp_path)
    assert (done.returncode, b"no such program: no-such-server" in done.stdout) == (4, True)


@pytest.mark.parametrize("script", ["server.py", "./server.py", "-u server.py"])
async def test_files_of_the_callers_folder_are_found_outside_of_a_checkout_too(script: str, tmp_path: Path) -> None:
    done = await judged_elsewhere(f"{sys.executable} {script}", tmp_path, *PLUGIN)
    assert (done.returncode, b"1 passed" in done.stdout) == (0, True), done.stdout.decode()


async def test_a_server_that_ends_at_once_is_reported_with_what_it_said(tmp_path: Path) -> None:
    done = await judged_elsewhere(f"{sys.executable} -c 'raise SystemExit(\"no config\")'", tmp_path, *PLUGIN)
    assert b"the server ended before it answered `initialize`" in done.stdout, done.stdout.decode()
    assert b"no config" in done.stdout


async def test_runs_that_did_not_ask_for_the_plugin_do_not_have_its_options(tmp_path: Path) -> None:
    done = await judged_elsewhere("true", tmp_path, "-p", "no:codex_trio_conformance")
    assert (done.returncode, b"unrecognized arguments: --app-server" in done.stdout) == (4, True), done.stdout.decode()


async def test_without_pytest_trio_the_run_says_what_to_install(tmp_path: Path) -> None:
    done = await judged_elsewhere("true", tmp_path, *PLUGIN, "-p", "no:trio")
    assert (done.returncode, b"pip install 'codex-trio[conformance]'" in done.stdout) == (4, True), done.stdout.decode()


async def test_a_kind_that_nobody_knows_is_a_usage_error(tmp_path: Path) -> None:
    done = await judged("true", tmp_path, "--app-server-kind", "nope")
    assert (done.returncode, b"invalid choice: 'nope'" in done.stdout) == (4, True), done.stdout.decode()


async def test_a_server_that_does_not_answer_initialize_is_reported_with_what_it_said(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ours, _theirs = trio.testing.memory_stream_pair()
    async with open_client(LineChannel(ours, ours)) as client:
        probe = Probe(SpawnedServer(cast("Any", None), StderrTail(), client), Log())
        with pytest.raises(Waited, match="no answer to `initialize` within 30 s"):
            await probe.initialize("scenario", experimental=True, opt_out=())
