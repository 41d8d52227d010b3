"""Commands that tests start look at no settings of the machine that they run on, and at those that a test makes."""

import re
from pathlib import Path

from exec_lab import ExecLab

TESTS = Path(__file__).parents[1]

JUDGES_THE_COMMAND = {"test_main.py", "test_quick_imports.py", "test_kept_bytecode.py"}
"""Where what is tested comes before any setting: modules, and command lines that lead nowhere."""


async def test_a_test_has_an_administrator_of_its_own(lab: ExecLab) -> None:
    (lab.codex_home / "machine").mkdir()
    (lab.codex_home / "machine" / "requirements.toml").write_text('allowed_sandbox_modes = ["read-only"]\n')
    done = await lab.run("do it", "-s", "workspace-write", "--ephemeral")
    assert (done.code, lab.model.requests) == (1, [])
    assert f"(set by {lab.codex_home}/machine/requirements.toml)" in done.stderr


def test_no_test_starts_the_command_that_reads_those_of_the_machine() -> None:
    plain = re.compile(r'"-m",\s*"codex_trio"|-m codex_trio (app-server|exec)')
    folders = (TESTS, TESTS.parent / "codex_trio" / "conformance")
    found = {path.name for folder in folders for path in folder.rglob("*.py") if plain.search(path.read_text())}
    assert found - {Path(__file__).name} <= JUDGES_THE_COMMAND
