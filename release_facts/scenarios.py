"""Runs the conformance scenarios against a binary and tells what differs from the list of known differences."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_NICENESS = 10
_PACKAGE = "codex_trio.conformance.scenarios.test_"
_NO_LONGER = "[XPASS(strict)]"


@dataclass(frozen=True)
class Outcome:
    """How the scenarios went."""

    run: int
    as_listed: int
    """Differ as `codex_trio/conformance/differences.py` says."""
    newly_different: dict[str, str]
    """Scenarios that differ and are not listed, with the first line of what they say."""
    no_longer_different: dict[str, str]
    """Scenarios that pass though listed, with the listed reason."""


class ScenariosBroken(Exception):
    """The scenarios could not be run; pytest has said why."""


def run_scenarios(binary: Path, paths: Sequence[str], report: Path) -> Outcome:
    """Run those in some files or folders, telling how it goes; pytest writes to `report`. Raises ScenariosBroken."""
    report.unlink(missing_ok=True)
    server = ["--app-server", f"{shlex.quote(str(binary))} app-server", "--app-server-kind", "reference"]
    options = ["-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider", f"--junit-xml={report}"]
    environment = {name: value for name, value in os.environ.items() if name != "CODEX_REFERENCE"}
    command = ["nice", "-n", str(_NICENESS), sys.executable, "-m", "pytest", *options, *server, *paths]
    # What it says on the way is for whoever waits for it.
    ran = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    if ran.returncode not in (0, 1) or not report.exists():
        raise ScenariosBroken(f"pytest ended with {ran.returncode}")
    return read_outcome(report.read_text())


def read_outcome(xml: str) -> Outcome:
    """What a JUnit report of the scenarios says."""
    newly: dict[str, str] = {}
    no_longer: dict[str, str] = {}
    run = as_listed = 0
    for case in ElementTree.fromstring(xml).iter("testcase"):
        run += 1
        name = f"{case.get('classname', '').removeprefix(_PACKAGE)}::{case.get('name', '').removeprefix('test_')}"
        skipped, failure = case.find("skipped"), _failure(case)
        if skipped is not None and skipped.get("type") == "pytest.xfail":
            as_listed += 1
        elif failure is not None and failure.startswith(_NO_LONGER):
            no_longer[name] = failure.removeprefix(_NO_LONGER).strip()
        elif failure is not None:
            newly[name] = failure.splitlines()[0]
    return Outcome(run, as_listed, newly, no_longer)


def _failure(case: ElementTree.Element) -> str | None:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return found.get("message") or (found.text or "").strip() or kind
    return None
