"""Runs the conformance scenarios against a binary and tells what differs from the list of known differences."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from codex_trio.conformance.plugin import SCENARIOS

_NICENESS = 10
_PACKAGE = "codex_trio.conformance.scenarios.test_"
_NO_LONGER = "[XPASS(strict)]"


@dataclass(frozen=True)
class Outcome:
    """How the scenarios went."""

    run: int
    as_listed: int
    """Differ as `codex_trio/conformance/differences` says."""
    newly_different: dict[str, str]
    """Scenarios that differ and are not listed, with the first line of what they say."""
    no_longer_different: dict[str, str]
    """Scenarios that pass though listed, with the listed reason."""
    only_once: dict[str, str] = field(default_factory=dict[str, str])
    """Scenarios that differed among the others, and not when they ran alone."""


class ScenariosBroken(Exception):
    """The scenarios could not be run; pytest has said why."""


def run_scenarios(binary: Path, paths: Sequence[str], report: Path) -> Outcome:
    """Run those in some files or folders, telling how it goes; pytest writes to `report`. Raises ScenariosBroken.

    What differs and is not listed runs once more, one scenario at a time: on a busy machine servers are late.
    """
    outcome = _run(binary, paths, report, together=2)
    if not outcome.newly_different:
        return outcome
    again = _run(binary, [_node(name) for name in outcome.newly_different], report, together=0)
    return settled(outcome, again)


def _run(binary: Path, paths: Sequence[str], report: Path, *, together: int) -> Outcome:
    report.unlink(missing_ok=True)
    server = ["--app-server", f"{shlex.quote(str(binary))} app-server", "--app-server-kind", "reference"]
    options = ["-q", "-n", str(together), "--dist", "worksteal", "-p", "no:cacheprovider", f"--junit-xml={report}"]
    environment = {name: value for name, value in os.environ.items() if name != "CODEX_REFERENCE"}
    command = ["nice", "-n", str(_NICENESS), sys.executable, "-m", "pytest", *options, *server, *paths]
    # What it says on the way is for whoever waits for it.
    ran = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    if ran.returncode not in (0, 1) or not report.exists():
        raise ScenariosBroken(f"pytest ended with {ran.returncode}")
    return read_outcome(report.read_text())


def settled(first: Outcome, again: Outcome) -> Outcome:
    """What differs for sure: in both runs."""
    once = {name: why for name, why in first.newly_different.items() if name not in again.newly_different}
    return replace(first, newly_different=again.newly_different, only_once=once)


def _node(name: str) -> str:
    """What pytest calls a scenario."""
    module, _, function = name.partition("::")
    return f"{SCENARIOS / f'test_{module}.py'}::test_{function}"


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
