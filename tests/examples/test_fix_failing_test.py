"""`make run` shows what it promises: an agent mends a failing test, in a sandbox, with approval."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_mends_the_test_and_prints_what_happens(tmp_path):
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TMPDIR": "/tmp"}
    done = subprocess.run(
        [sys.executable, "-m", "examples.fix_failing_test"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for text in (
        "[>] Read the code and run the tests",
        "2 failed, 1 passed",
        "+        total += int(amount) * SECONDS[unit]",
        "approval: May I commit the fix?",
        "3 passed",
        "turn completed",
        "tokens used: 10686",
        "export OPENAI_API_KEY",
    ):
        assert text in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
