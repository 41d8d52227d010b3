"""Nothing that can write, run another program or connect counts as safe, however a command line is written.

Thousands of lines are judged; those that run unasked are then run by bash, in a sandbox, and what they did is looked
at. `FUZZED_LINES=20000` has more of them tried, `FUZZ_SEED` others.
"""

import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path

import command_oracle
import pytest
import trio
from command_forms import FORMS
from command_lines import DOERS, TAILS, command_lines

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy
from codex_trio.execpolicy.programs import Programs
from codex_trio.execpolicy.rules import PolicyRules
from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.probe import probe_sandbox
from codex_trio.search.walk import find_ripgrep

LINES = int(os.environ.get("FUZZED_LINES", "1500"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SECONDS = 300
FAKES = """
touch tool rm tee cp dd ln mkdir sort env xargs nohup git awk perl python3 curl less man nc timeout nice stdbuf setsid
busybox sudo watch mark script.sh
"""
Judge = Callable[[str], bool]
Run = Callable[[Sequence[str]], Awaitable[list[str]]]


class Room:
    """The folder that the lines work in is the workspace."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def folders(self) -> Sequence[str]:
        return (self._folder,)

    def may_write(self, path: str) -> bool:
        return path.startswith(self._folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    command_oracle.make_fakes(str(tmp_path), set(FAKES.split()))
    (tmp_path / "fakes" / "rg").symlink_to(find_ripgrep())
    return tmp_path


@pytest.fixture
def runs_unasked(folder: Path) -> Judge:
    """Whether a line runs under the policy `untrusted` without anybody being asked."""
    policy = CommandPolicy(rules=PolicyRules(), bash=Bash(), amendments="/nonexistent")
    room = os.path.realpath(folder / "room")
    programs = Programs(f"{folder}/fakes:/usr/bin:/bin", room, Room(room))

    def judge(line: str) -> bool:
        argv = ["/bin/bash", "-c", line]
        decision = policy.decide(argv, programs=programs, approval_policy="untrusted", sandboxed=True)
        return decision.kind == "allow"

    return judge


@pytest.fixture
async def run(folder: Path) -> AsyncGenerator[Run]:
    """What lines do when bash runs them, in a sandbox that can write nothing but a folder of the test."""
    found = await probe_sandbox(search_path=os.environ["PATH"])
    policy = WorkspaceWrite(network_access=True, exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    argv = [sys.executable, "-I", "-S", command_oracle.__file__, str(folder)]
    wrapped = wrap(argv, policy, cwd=str(folder), tmpdir=None, probe=found)
    request = SpawnRequest(argv=wrapped.argv, cwd=str(folder), env=wrapped.env, inherited=wrapped.inherited)

    async with open_process_spawner() as spawner:

        async def do(lines: Sequence[str]) -> list[str]:
            (folder / "lines").write_text(json.dumps(lines))
            said: list[bytes] = []

            async def hear(_channel: Channel, data: bytes) -> None:
                said.append(data)

            with trio.fail_after(SECONDS):
                async with spawner.start(request) as process:
                    done = await read_to_completion(process, hear)
            assert done.exit_code == 0, b"".join(said)
            return json.loads((folder / "findings").read_text())

        yield do


async def harmful(lines: Iterable[str], runs_unasked: Judge, run: Run) -> tuple[list[tuple[str, str]], int]:
    """Return those that run unasked and do something, with what it is; and how many run unasked."""
    unasked = [line for line in dict.fromkeys(lines) if runs_unasked(line)]
    return [(line, what) for line, what in zip(unasked, await run(unasked), strict=True) if what], len(unasked)


async def test_no_line_that_runs_unasked_does_anything(runs_unasked: Judge, run: Run) -> None:
    found, unasked = await harmful(command_lines(SEED, LINES), runs_unasked, run)
    assert found == []
    assert unasked > LINES / 20


async def test_what_does_something_is_seen(run: Run) -> None:
    """Else the test above would find nothing whatever the lines do."""
    lines = {
        "touch mark": "ran a program",
        "echo a >mark": "wrote",
        "find . -name a.txt -delete": "wrote",
        "cat <a.txt >/dev/tcp/127.0.0.1/PORT": "connected",
        "./tool": "ran a program",
        "sed -n 1p '-ew mark'": "wrote",
        "PATH=sub tool": "ran a program",
        "ls -la; cat a.txt": "",
        "true": "",
    }
    assert await run(list(lines)) == list(lines.values())


async def test_most_of_what_lines_are_made_of_does_something(run: Run) -> None:
    """Else they would be no danger, and their names and files other ones than are looked at."""
    done = await run([*DOERS, *(f"ls {tail}" for tail in TAILS)])
    assert sum(bool(what) for what in done) > len(DOERS)


def test_nothing_of_it_runs_unasked(runs_unasked: Judge) -> None:
    assert [line for line in (*DOERS, *FORMS) if runs_unasked(line)] == []


@pytest.mark.skipif(shutil.which("sed") is None, reason="there is no sed here")
def test_a_script_of_sed_behind_its_range_is_asked_about(runs_unasked: Judge) -> None:
    for words in ("'-e1e touch mark'", "'-ew mark'", "--expression=w", "-fscript.sed", "-i", "--in-place=x"):
        assert not runs_unasked(f"sed -n 1p {words}")
    assert runs_unasked("sed -n 1,2p a.txt")
    assert runs_unasked("cat a.txt | sed -n 1p -")
