"""System calls that are watched: nobody else's fail because one was withdrawn."""

import os
import sys
from pathlib import Path

import pytest
import trio

from codex_trio.testing.system_calls import CannotWatch, watched_calls

KILLS = 150
PATIENCE = 60.0

PROGRAM = f"""
import os, signal, sys
nowhere = os.open(os.devnull, os.O_WRONLY)
for number in range({KILLS}):
    child = os.fork()
    while child == 0:
        os.write(nowhere, b".")
    os.write(nowhere, b".")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
os.write(nowhere, b"the last one")
"""


async def test_a_process_killed_in_a_watched_call_does_not_make_the_calls_of_others_fail(tmp_path: Path) -> None:
    try:
        with trio.fail_after(PATIENCE):
            async with watched_calls(tmp_path / "calls", ["write"]) as watch:
                outcome = await trio.run_process(
                    watch.command([sys.executable, "-S", "-c", PROGRAM]),
                    check=False,
                    capture_stderr=True,
                    env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
                )
    except CannotWatch as reason:
        pytest.skip(str(reason))
    assert (outcome.returncode, outcome.stderr.decode()) == (0, "")
