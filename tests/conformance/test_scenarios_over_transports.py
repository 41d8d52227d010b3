"""The scenarios over websocket and unix socket: a few that use all of a connection. All of them: run pytest on
`codex_trio/conformance/scenarios` with `--app-server-transport`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio

ROOT = Path(__file__).parent.parent.parent
SCENARIOS = (
    "test_envelope.py::test_a_line_that_is_no_message_is_not_answered_and_does_no_harm",
    "test_envelope.py::test_a_line_that_is_not_utf_8_is_not_answered_and_does_no_harm",
    "test_envelope.py::test_too_much_input_is_refused_with_its_size",
    "test_approval.py::test_an_accepted_command_is_asked_run_and_told_in_this_order",
    "test_turn.py::test_many_deltas_arrive_in_order_and_add_up",
    "test_resume.py::test_what_a_client_was_told_survives_a_killed_server",
)
PATIENCE = 300


@pytest.mark.parametrize("transport", ["websocket", "unix"])
async def test_scenarios_hold_over_every_transport(transport: str, tmp_path: Path) -> None:
    folder = ROOT / "codex_trio" / "conformance" / "scenarios"
    arguments = [*(f"{folder}/{name}" for name in SCENARIOS), "--app-server-transport", transport]
    environ = {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=ROOT,
            env=environ,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
    # What only makes sense on stdio is left out, and nothing else.
    said = done.stdout.decode()
    assert (done.returncode, "1 deselected" in said, "skipped" in said) == (0, True, False), said
