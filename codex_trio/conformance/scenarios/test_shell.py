"""The shell that commands run in: which one, what it reads before the script, and how long the script may be."""

import os
from pathlib import Path

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.scenarios.test_command import run
from codex_trio.testing.model_script import answer, message

LOGIN_REFUSED = "login shell is disabled by config; omit `login` or set it to false."


def program(folder: Path, name: str, script: str) -> None:
    """A program that a test has made."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


async def test_only_the_kind_of_shell_is_taken_from_its_name(lab: Lab, probe: Probe) -> None:
    for name in ("bash", "sh"):
        program(lab.cwd, name, "echo NOT A SHELL OF THIS MACHINE")
    names = [f"{lab.cwd}/bash", "./sh", "bash", "/nonexistent/bash", f"{lab.cwd}/python3", "fish"]
    lab.script(
        answer(*(run(f"c{number}", "echo ran in ${BASH:-sh}", shell=name) for number, name in enumerate(names))),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    items = {item["id"]: item for item in turn.items("commandExecution")}
    outputs = [items[f"c{number}"]["aggregatedOutput"] for number in range(len(names))]
    assert all(output.startswith("ran in ") for output in outputs)
    assert [output == "ran in /bin/bash\n" for output in outputs] == [name.endswith("bash") for name in names]
    assert not any(str(lab.cwd) in item["command"] for item in items.values())


async def test_commands_run_in_the_accounts_shell_whatever_the_environment_says(lab: Lab) -> None:
    lab.script(answer(run("c1", "[[ a = a ]] && cat <(echo bash)")), answer(message("Done.")))
    async with lab.run(env={"SHELL": "/bin/sh"}) as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    assert item["aggregatedOutput"] == "bash\n"


@pytest.mark.parametrize("sandbox", ["danger-full-access", "read-only"])
async def test_programs_on_the_servers_path_are_found_behind_login_files(lab: Lab, sandbox: str) -> None:
    lab.configure(sandbox_mode=sandbox)
    program(lab.base / "own tools", "own-tool", "echo own tool")
    (lab.home / ".profile").write_text("PATH=/usr/bin:/bin:$HOME/more; FROM_PROFILE=read\n")
    lab.script(answer(run("c1", 'own-tool; echo "$FROM_PROFILE"; echo "$PATH"; nothing')), answer(message("Done.")))
    path = os.pathsep.join([f"{lab.base}/own tools", "/usr/bin", "/bin"])
    async with lab.run(env={"PATH": path}) as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    ran, profile, shown, missing = item["aggregatedOutput"].splitlines()
    assert (ran, profile) == ("own tool", "read")
    assert shown == f"{lab.base}/own tools:/usr/bin:/bin:{lab.home}/more"
    assert missing == "/bin/bash: line 1: nothing: command not found"


async def test_a_user_may_keep_shells_from_reading_login_files(lab: Lab) -> None:
    lab.configure(extra="allow_login_shell = false\n")
    (lab.home / ".profile").write_text("FROM_PROFILE=read\n")
    lab.script(
        answer(
            run("unsaid", "echo unsaid $FROM_PROFILE"),
            run("no", "echo no $FROM_PROFILE", login=False),
            run("yes", "echo yes $FROM_PROFILE", login=True),
        ),
        answer(message("Done.")),
    )
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread())["id"])
    items = {item["id"]: (item["command"], item["aggregatedOutput"]) for item in turn.items("commandExecution")}
    assert items == {
        "unsaid": ("/bin/bash -c 'echo unsaid $FROM_PROFILE'", "unsaid\n"),
        "no": ("/bin/bash -c 'echo no $FROM_PROFILE'", "no\n"),
    }
    assert lab.model.requests[1].output_of("yes") == LOGIN_REFUSED


@pytest.mark.parametrize("sandbox", ["danger-full-access", "workspace-write"])
async def test_a_script_may_be_longer_than_one_argument(lab: Lab, sandbox: str) -> None:
    lab.configure(sandbox_mode=sandbox)
    body = ("y" * 79 + "\n") * 3000
    script = f"cat >long.txt <<'EOF'\n{body}EOF\necho \"$0 $#\"; ls /dev/fd/3 2>&1 | grep -c cannot; nothing"
    lab.script(
        answer(run("plain", script), run("terminal", script.replace("long", "terminal"), tty=True)),
        answer(message("Done.")),
    )
    async with lab.run() as probe:
        turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert {path.name for path in lab.cwd.iterdir()} >= {"long.txt", "terminal.txt"}
    assert (lab.cwd / "long.txt").read_text() == (lab.cwd / "terminal.txt").read_text() == body
    for item in turn.items("commandExecution"):
        name, closed, missing = item["aggregatedOutput"].splitlines()
        assert (name, closed, item["exitCode"]) == ("/bin/bash 0", "1", 127)
        assert missing.endswith(f"line {script.count(chr(10)) + 1}: nothing: command not found")


async def test_a_script_that_nobody_would_write_is_refused_with_a_way_out(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "echo " + "a" * 600_000)), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.items("commandExecution") == []
    told = lab.model.requests[1].output_of("c1")
    assert told.startswith("exec_command failed: cmd has 600005 bytes, and at most 524288 are run; write long text to")
