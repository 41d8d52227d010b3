"""Which server the scenarios judge."""

import os
import subprocess
import sys
from pathlib import Path

import trio

ROOT = Path(__file__).parent.parent.parent
PYTHON = os.path.relpath(sys.executable, ROOT)
SCENARIO = "codex_trio/conformance/scenarios/test_thread.py"


async def judged(command: str, tmp_path: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run one scenario against the server that a command line starts."""
    arguments = [
        SCENARIO,
        "-q",
        "-k",
        "refused_before_its_first_turn",
        "--app-server",
        command,
        "-p",
        "no:cacheprovider",
    ]
    environ = {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with trio.fail_after(60):
        return await trio.run_process(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT,
            env=environ,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )


async def test_a_server_can_be_named_relative_to_where_the_scenarios_are_started(tmp_path: Path) -> None:
    done = await judged(f"{PYTHON} -m codex_trio app-server", tmp_path)
    assert b"1 passed" in done.stdout, done.stdout.decode()


async def test_a_server_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = await judged("no-such-server app-server", tmp_path)
    assert (done.returncode, b"no such program: no-such-server" in done.stdout) == (4, True)
