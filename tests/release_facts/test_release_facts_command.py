"""The command that writes down what a release changes: what it says without a binary, and what it asks of one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from codex_trio.conformance.lab import MODEL, Lab, ServerUnderTest
from codex_trio.conformance.plugin import SCENARIOS
from codex_trio.testing.model_script import Request
from codex_trio.testing.model_server import open_model_server
from release_facts.binaries import NoBinary, find_binary, release_of
from release_facts.facts import Facts, load, save
from release_facts.gather import gather
from release_facts.offered_tools import ALWAYS_SAYS, Configuration, capture, configurations, offered
from release_facts.report import Comparison, report
from release_facts.scenarios import Outcome, read_outcome, run_scenarios, settled

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-m", "codex_trio.testing.command"]
REFERENCE = os.environ.get("CODEX_REFERENCE")


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def run(
    tmp_path: Path, *arguments: str, release: str = "9.9.9", seconds: float = 60, **extra: str
) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'protocol'}", **extra}
    command = [sys.executable, "-m", "release_facts", release, "--out", str(tmp_path / "report.md"), *arguments]
    return subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=seconds, check=False
    )


def test_a_release_whose_binary_is_missing_is_told_with_how_to_get_it(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"no binary of release 9.9.9 in {tmp_path}/.cache/codex-reference/9.9.9" in ran.stderr
    assert "npm pack @openai/codex@9.9.9-linux-" in ran.stderr
    assert "CODEX_REFERENCE=" in ran.stderr
    assert not (tmp_path / "report.md").exists()


def test_a_binary_of_another_release_is_not_taken_for_it(tmp_path: Path) -> None:
    other = program(tmp_path / "codex", "codex-cli 1.2.3")
    ran = run(tmp_path, CODEX_REFERENCE=str(other))
    assert ran.returncode == 1
    assert f"{other} is of release 1.2.3, not 9.9.9" in ran.stderr


def test_binaries_are_found_where_they_were_unpacked_or_named(tmp_path: Path) -> None:
    kept = program(tmp_path / "1.2.3/package/vendor/some-triple/bin/codex", "codex-cli 1.2.3")
    assert find_binary("1.2.3", given=None, cache=tmp_path) == kept
    assert find_binary("1.2.3", given=str(kept), cache=tmp_path / "none") == kept
    assert release_of(kept) == "1.2.3"
    with pytest.raises(NoBinary, match="names no release"):
        release_of(program(tmp_path / "silent", ""))
    with pytest.raises(NoBinary, match="cannot be asked"):
        release_of(tmp_path / "none")


XML = """<testsuites><testsuite>
<testcase classname="codex_trio.conformance.scenarios.test_turn" name="test_it_goes"/>
<testcase classname="codex_trio.conformance.scenarios.test_turn" name="test_known">
  <skipped type="pytest.xfail" message="as listed"/></testcase>
<testcase classname="codex_trio.conformance.scenarios.test_turn" name="test_of_another_transport">
  <skipped type="pytest.skip" message="elsewhere"/></testcase>
<testcase classname="codex_trio.conformance.scenarios.test_turn" name="test_new[a-1]">
  <failure message="AssertionError: no answer&#10;more"/></testcase>
<testcase classname="codex_trio.conformance.scenarios.test_turn" name="test_gone">
  <failure message="">[XPASS(strict)] was slow</failure></testcase>
<testcase classname="codex_trio.conformance.scenarios.test_tool" name="test_broken">
  <error message="failed on setup"/></testcase>
</testsuite></testsuites>"""


def test_what_scenarios_say_is_held_against_the_list_of_differences() -> None:
    assert read_outcome(XML) == Outcome(
        run=6,
        as_listed=1,
        newly_different={"turn::new[a-1]": "AssertionError: no answer", "tool::broken": "failed on setup"},
        no_longer_different={"turn::gone": "was slow"},
    )


def test_what_differs_only_beside_others_is_told_apart() -> None:
    again = Outcome(run=2, as_listed=0, newly_different={"tool::broken": "failed again"}, no_longer_different={})
    outcome = settled(read_outcome(XML), again)
    assert (outcome.run, outcome.no_longer_different) == (6, {"turn::gone": "was slow"})
    assert outcome.newly_different == {"tool::broken": "failed again"}
    assert outcome.only_once == {"turn::new[a-1]": "AssertionError: no answer"}


@pytest.mark.slow
def test_scenarios_run_against_a_program_and_what_differs_runs_once_more_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    silent = program(tmp_path / "codex", "codex-cli 9.9.9")
    scenario = f"{SCENARIOS}/test_thread.py::test_starting_a_thread_tells_its_settings_and_announces_it"
    outcome = run_scenarios(silent, [scenario], tmp_path / "report.xml")
    assert outcome.run == 1
    assert list(outcome.newly_different) == ["thread::starting_a_thread_tells_its_settings_and_announces_it"]
    assert capfd.readouterr().err.count("1 failed in") == 2


def facts(release: str, **types: object) -> Facts:
    bundle = {"definitions": {"v2": types}}
    return Facts(release=release, stable=bundle, experimental=bundle, models=[], tools={})


def test_a_report_names_what_is_missing_here_and_what_changed() -> None:
    old, new = facts("1.0", A={"type": "string"}), facts("1.1", A={"type": "string"}, B={"type": "object"})
    scenarios = read_outcome(XML)
    text = report(Comparison(new, old, "", facts("ours", Mine={}), scenarios))
    assert text.startswith("# Release 1.1, after 1.0\n")
    assert "## What our protocol lacks\n\n- + `A`: string\n- + `B`: object\n\n" in text
    assert "## What only our protocol has\n\n- `Mine`\n\n" in text
    assert "## Types added\n\n- + `B`: object\n\n## Types changed\n\nNothing.\n" in text
    assert "- differs, and is not listed: `turn::new[a-1]`: AssertionError: no answer\n" in text
    assert "- listed, and differs no longer: `turn::gone`: was slow\n" in text


def test_a_report_without_an_earlier_release_says_why_and_compares_with_ours() -> None:
    text = report(Comparison(facts("1.1", B={}), None, "no binary of 1.0", facts("ours"), "Not run."))
    assert text.startswith("# Release 1.1\n")
    assert "- + `B`: anything\n" in text
    assert "Not compared: no binary of 1.0\n" in text


def test_tools_are_found_wherever_a_request_has_them() -> None:
    run_tool, said = {"type": "function", "name": "run"}, {"type": "custom", "name": "say"}
    space = {"type": "namespace", "name": "functions", "description": "words", "tools": [said]}
    body = {"tools": [run_tool, {"type": "web_search"}], "input": [{"type": "additional_tools", "tools": [space]}]}
    assert offered(Request("POST", "/v1/responses", {}, body)) == {
        "run": run_tool,
        "web_search": {"type": "web_search"},
        "functions": {"type": "namespace", "name": "functions", "description": "words"},
        "functions.say": said,
    }


@pytest.mark.slow
async def test_a_server_is_asked_for_all_it_can_say_and_what_it_cannot_is_noted(tmp_path: Path) -> None:
    told = await gather("ours", OURS, tmp_path, tools=False)
    assert ("request", "thread/start") in told.protocol.methods
    assert MODEL in {row["model"] for row in told.models}
    assert told.settings["model"] == MODEL
    assert told.missing["catalogue"]
    assert os.listdir(tmp_path) == [], "its folders are gone"
    save(told, tmp_path / "facts.json")
    assert load(tmp_path / "facts.json") == told
    assert str(tmp_path).encode() not in await trio.Path(tmp_path / "facts.json").read_bytes(), "nothing of this run"


async def test_tools_are_captured_in_turns_and_a_configuration_that_is_refused_is_noted(tmp_path: Path) -> None:
    rows = configurations([{"model": MODEL}], [{"name": "view_image", "enabled": True}])
    tried = {configuration.name: configuration for configuration in rows}
    wrong = Configuration("wrong", {"sandbox": "no such thing"})
    async with open_model_server([ALWAYS_SAYS]) as model:
        lab = Lab(tmp_path, ServerUnderTest((*OURS, "app-server"), "codex-trio", {}), model)
        async with lab.run() as probe:
            some = [wrong, tried["default"], tried[f"model {MODEL}"], tried["view_image off"]]
            tools, missing = await capture(probe, model, some)
    assert missing.keys() == {"tools: wrong"}
    assert "no such thing" in missing["tools: wrong"]
    assert "view_image" in tools["default"]
    assert tools["view_image off"].keys() == tools["default"].keys() - {"view_image"}
    assert tools[f"model {MODEL}"] == tools["default"]


@pytest.mark.skipif(not REFERENCE, reason="CODEX_REFERENCE is not set")
def test_a_reference_binary_says_everything_and_differs_in_nothing_from_itself(tmp_path: Path) -> None:
    release = release_of(Path(str(REFERENCE)))
    kept = tmp_path / f"facts-{release}.json"
    target = tmp_path / "report.md"

    def write_report(*arguments: str) -> str:
        ran = run(tmp_path, *arguments, "--scenarios", "", CODEX_REFERENCE=str(REFERENCE), release=release, seconds=300)
        assert (ran.returncode, ran.stdout) == (0, f"{target}\n"), ran.stderr
        return target.read_text()

    alone = write_report()
    assert f"# Release {release}\n" in alone
    told = load(kept)
    assert {name for name in told.missing if not name.startswith("tools: ")} == set()
    assert len(told.missing) < len(told.tools) / 10
    assert len(told.catalogue) == len(told.models)
    assert told.skills
    assert told.features
    since = write_report("--from", str(kept)).partition("## Size")[2].partition("## Not to be had")[0]
    assert re.findall(r"^- [-+~] .*", since, flags=re.M) == []
