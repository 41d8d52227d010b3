"""The benchmark command runs and judges; the figures themselves are nobody's test."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks import first_hits
from benchmarks.connections import METHODS
from benchmarks.figures import Value
from benchmarks.model_server import CALL_TOOLS, DELTAS, NESTED_CALLS, RUN_SCRIPT, SAY, STREAM, TOOL_CALLS, Script
from benchmarks.report import Series
from codex_trio.conformance.plugin import own_program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ours(pytestconfig: pytest.Config) -> str:
    """The command line of this package's server."""
    return shlex.join([*own_program(pytestconfig), "app-server"])


def run_benchmarks(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'protocol'}"}
    command = [sys.executable, "-m", "benchmarks", "--rounds", "1", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_run_measures_both_servers_and_writes_what_it_measured(ours: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ran = run_benchmarks(tmp_path, "--ours", ours, "--other", ours, "--only", "tools", "--json", str(file))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "20 tool calls" in ran.stdout
    [figure] = msgspec.json.decode(file.read_bytes())["figures"]
    assert figure["ours"][0] > 0
    assert figure["other"][0] > 0
    assert figure["ratio"] == pytest.approx(figure["ours"][0] / figure["other"][0])
    assert list((tmp_path / ".cache").iterdir()) == [], "the samples' folders are gone"


def test_small_requests_are_timed_with_one_server_too(ours: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ran = run_benchmarks(tmp_path, "--ours", ours, "--only", "stdio", "--json", str(file))
    assert (ran.returncode, ran.stderr) == (0, "")
    figures = {figure["name"]: figure for figure in msgspec.json.decode(file.read_bytes())["figures"]}
    assert len(figures) == 3 * len(METHODS) + 1
    assert 0 < figures["stdio config/read, p50"]["ours"][0] <= figures["stdio config/read, p99"]["ours"][0]
    assert 0 < figures["stdio, client busy in bursts"]["ours"][0] < 100


def test_commands_of_clients_are_timed(ours: str, tmp_path: Path) -> None:
    ran = run_benchmarks(tmp_path, "--ours", ours, "--only", "commands")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "50 of them at once" in ran.stdout


def test_a_generated_home_is_listed_searched_and_read(ours: str, tmp_path: Path) -> None:
    ran = run_benchmarks(tmp_path, "--ours", ours, "--only", "home", "--threads", "60", "--big", "2MB")
    assert (ran.returncode, ran.stderr) == (0, ""), "every reply held what was written"
    assert "warm: thread/resume, the big one" in ran.stdout


def test_a_server_is_started_again_and_used_at_once(ours: str, tmp_path: Path) -> None:
    ran = run_benchmarks(tmp_path, "--ours", ours, "--only", "restart", "--threads", "30", "--big", "1MB")
    assert (ran.returncode, ran.stderr) == (0, ""), "every reply held what was written"
    assert "restarted at once: start to a complete list" in ran.stdout


def test_a_server_that_cannot_do_the_work_is_named_and_has_no_figure(tmp_path: Path) -> None:
    ran = run_benchmarks(tmp_path, "--ours", "/bin/false", "--other", "/no/such/server", "--only", "startup")
    assert ran.returncode == 1
    assert "startup: ours failed: the server ended before" in ran.stderr
    assert "startup: other failed: " in ran.stderr
    assert ran.stdout.split().count("-") == 4


def test_the_table_shows_the_median_of_the_ratios_of_neighbours() -> None:
    series = Series(Value("turn", "ms", target=0.5), ours=[10, 20, 90], other=[40, 40, 100])
    assert series.row().split() == ["turn", "ms", "20.00", "40.00", "0.50", "0.25..0.90", "0.50", "met"]


def test_the_model_answers_the_last_thing_that_was_said_in_a_thread() -> None:
    script = Script()
    said = [SAY, "...", STREAM]
    assert script.answer("".join(said).encode()).count(b"output_text.delta") >= DELTAS
    said.append(CALL_TOOLS)
    for number in range(TOOL_CALLS):
        assert f'"call_{number}"'.encode() in script.answer("".join(said).encode())
        said.append('{"type":"function_call_output"}')
    assert b"Hello." in script.answer("".join(said).encode())
    said.append(RUN_SCRIPT)
    assert f"n < {NESTED_CALLS}".encode() in script.answer("".join(said).encode())
    said.append('{"type":"custom_tool_call_output","output":"Script failed"}')
    assert b"response.failed" in script.answer("".join(said).encode())
    said.append("Script completed")
    assert b"Hello." in script.answer("".join(said).encode())


def test_the_drill_of_turns_tells_those_that_end_from_those_that_do_not(ours: str, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'protocol'}"}
    command = [sys.executable, "-m", "benchmarks.every_turn_ends", "--threads", "20", "--rounds", "2", "--server"]

    def drill(server: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, server], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    ran = drill(ours)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("20 completed, 0 without an end") == 2
    assert ran.stdout.count("ms CPU a turn, account/read p50 / p99 ") == 2
    for server in ("/bin/false", "/no/such/server"):
        failed = drill(server)
        assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)


async def test_the_first_threads_of_a_search_are_timed() -> None:
    told: list[str] = []
    await first_hits.measure(600, told.append)
    assert [re.split(r"  +", line)[1] for line in told] == ["8 threads", "2 threads", "8 threads", "0 threads"]
