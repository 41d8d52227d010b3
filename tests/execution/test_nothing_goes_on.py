"""A script that is stopped never reaches its next line, however it is built and whoever stops it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from process_lab import PATIENCE, ProcessLab

from codex_trio.conformance.processes import wait_gone
from codex_trio.execution.sessions import ExecSessions

DOOMED_SERVER = Path(__file__).with_name("doomed_server.py")

READY, WENT_ON = "ready", "went-on"
# Each waits in `sleep`, without end as far as a test goes, and would then say that it went on.
SCRIPTS = {
    "one line after another": "touch ready; sleep 300; touch went-on",
    "a loop": "touch ready; while true; do sleep 300; touch went-on; done",
    "a script within a script": "touch ready; bash -c 'sleep 300; touch went-on'; touch went-on",
    "a subshell": "touch ready; (sleep 300; touch went-on); touch went-on",
    "a pipeline": "touch ready; sleep 300 | cat; touch went-on",
    "a reader of a pipe": "touch ready; sleep 300 | { cat; touch went-on; }",
    "a substitution": "touch ready; x=$(sleep 300); touch went-on",
    "or else": "touch ready; sleep 300 || touch went-on",
    "a background child": "touch ready; sleep 300 & wait; touch went-on",
    "a group of its own": "touch ready; timeout 300 bash -c 'trap \"\" HUP; sleep 300; touch went-on'; touch went-on",
    "jobs": "set -m; touch ready; trap '' HUP; (sleep 300; touch went-on) & wait; touch went-on",
    "a session of its own": "setsid -w bash -c 'touch ready; sleep 300; touch went-on'; touch went-on",
    "traps": "trap 'touch went-on' TERM INT HUP CHLD EXIT; : >ready; sleep 300; touch went-on",
    "another program": (
        f'{sys.executable} -I -S -c \'import os; open("ready", "w"); os.system("sleep 300"); open("went-on", "w")\''
    ),
    "a daemon": "(setsid bash -c 'touch ready; sleep 300; touch went-on' >/dev/null 2>&1 &); sleep 300; touch went-on",
}


class Field:
    """Many commands at once, each in a folder of its own."""

    def __init__(self, lab: ProcessLab, sessions: ExecSessions) -> None:
        self._lab = lab
        self._sessions = sessions
        self.folders: list[Path] = []

    async def start(self, script: str, *, group: str | None = None, tty: bool = False) -> None:
        folder = self._lab.folder / f"{len(self.folders)}"
        folder.mkdir()
        self.folders.append(folder)
        request = self._lab.request("/bin/bash", "-c", script, cwd=str(folder), tty=tty)
        await self._sessions.open(request, group=group)

    async def all_wait(self) -> None:
        """Return when every script is in its `sleep`, or as good as."""
        with trio.fail_after(PATIENCE):
            while not all((folder / READY).exists() for folder in self.folders):  # noqa: ASYNC110  # they make files
                await trio.sleep(0.01)

    def went_on(self) -> list[str]:
        return [folder.name for folder in self.folders if (folder / WENT_ON).exists()]


@pytest.fixture
def field(lab: ProcessLab, sessions: ExecSessions) -> Field:
    return Field(lab, sessions)


@pytest.mark.parametrize("round_", range(5))
async def test_no_script_of_an_interrupted_turn_goes_on(field: Field, sessions: ExecSessions, round_: int) -> None:
    # 60 at a time: no more may run side by side. 300 in all.
    for number in range(4):
        for script in SCRIPTS.values():
            await field.start(script, group="turn", tty=(number + round_) % 4 == 0)
    await field.all_wait()
    with trio.fail_after(PATIENCE):
        await sessions.kill_group("turn", because="the test is over")
    assert sessions.running() == []
    assert field.went_on() == []


@pytest.mark.parametrize("name", SCRIPTS)
async def test_no_script_goes_on_that_is_killed_by_itself(field: Field, sessions: ExecSessions, name: str) -> None:
    for _ in range(3):
        await field.start(SCRIPTS[name])
    await field.all_wait()
    with trio.fail_after(PATIENCE):
        for session in sessions.running():
            await sessions.kill(session, because="the test is over")
    assert field.went_on() == []


async def test_no_script_goes_on_when_its_thread_is_closed(field: Field, sessions: ExecSessions) -> None:
    for script in SCRIPTS.values():
        await field.start(script)
    await field.all_wait()
    with trio.fail_after(PATIENCE):
        await sessions.aclose()
    assert field.went_on() == []


async def test_no_script_goes_on_when_the_janitor_ends_it(lab: ProcessLab) -> None:
    folders = [lab.folder / str(number) for number in range(len(SCRIPTS))]
    for folder in folders:
        folder.mkdir()
    lines = [f"(cd {folder}; {script}) &" for folder, script in zip(folders, SCRIPTS.values(), strict=True)]
    server = await trio.lowlevel.open_process(
        [sys.executable, str(DOOMED_SERVER), str(lab.folder), "\n".join([*lines, "echo $$ >leader", "wait"])],
        env={**lab.env, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    leader = await lab.read_pid("leader")
    with trio.fail_after(PATIENCE):
        while not all((folder / READY).exists() for folder in folders):  # noqa: ASYNC110  # they make files
            await trio.sleep(0.01)
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    await wait_gone(leader)
    assert [folder.name for folder in folders if (folder / WENT_ON).exists()] == []
