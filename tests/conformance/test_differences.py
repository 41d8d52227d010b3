"""The list of known differences stays true: it names scenarios that exist, and what no longer differs fails."""

import ast
import subprocess
import sys
from pathlib import Path

from codex_trio.conformance.differences.listed import DIFFERENCES
from codex_trio.conformance.plugin import OTHER_KIND, OWN_KIND, REFERENCE_KIND, SCENARIOS, release_of

# Answers everything as the reference does, except that it ignores a line that is not UTF-8.
TOLERANT_SERVER = """
import json, sys
for line in sys.stdin.buffer:
    try:
        message = json.loads(line)
    except ValueError:
        continue
    if "id" in message:
        print(json.dumps({"id": message["id"], "result": {}}), flush=True)
"""


def scenario_names() -> set[str]:
    """`module::function` of every scenario there is."""
    names: set[str] = set()
    for path in SCENARIOS.glob("test_*.py"):
        module = path.stem.removeprefix("test_")
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.AsyncFunctionDef)]
        names |= {
            f"{module}::{function.name.removeprefix('test_')}"
            for function in functions
            if function.name.startswith("test_")
        }
    return names


def test_every_difference_names_a_scenario_a_server_and_a_reason_once() -> None:
    known = scenario_names()
    listed = [(difference.scenario, difference.kind, difference.release) for difference in DIFFERENCES]
    assert [name for name, _, _ in listed if name.split("[")[0] not in known] == []
    assert {kind for _, kind, _ in listed} <= {OWN_KIND, REFERENCE_KIND}
    assert {release for _, _, release in listed} <= {None, "0.169.0", "0.171.0"}
    assert len({(name, kind) for name, kind, _ in listed}) == len(listed)
    assert all(len(difference.reason) > 20 for difference in DIFFERENCES)


def test_a_program_is_asked_for_its_release_where_it_serves_by_a_subcommand(tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.write_text('#!/bin/sh\n[ "$*" = --version ] && echo codex-cli 0.169.0\n')
    program.chmod(0o755)
    assert release_of([str(program), "app-server", "--listen", "ws://x"]) == "0.169.0"
    assert release_of([str(program)]) is None
    assert release_of([str(tmp_path / "none"), "app-server"]) is None
    assert release_of([str(program), "other", "app-server"]) is None


def test_a_difference_that_is_gone_fails_the_run(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(TOLERANT_SERVER)
    scenario = f"{SCENARIOS}/test_envelope.py::test_a_line_that_is_not_utf_8_is_not_answered_and_does_no_harm"

    def judge(kind: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", scenario]
        options = ["--app-server", f"{sys.executable} {server}", "--app-server-kind", kind]
        temporary = ["--basetemp", str(tmp_path / kind)]
        return subprocess.run([*command, *options, *temporary], capture_output=True, text=True, check=False)

    stale = judge(REFERENCE_KIND)
    assert (stale.returncode, "XPASS(strict)" in stale.stdout) == (1, True), stale.stdout
    fulfilled = judge(OTHER_KIND)
    assert (fulfilled.returncode, "1 passed" in fulfilled.stdout) == (0, True), fulfilled.stdout
