"""What the command finds around it that it cannot use: one line each, and no traceback."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from exec_lab import PATIENCE, ExecLab

from codex_trio.cli.options import UsageError
from codex_trio.cli.surroundings import codex_home
from codex_trio.testing.model_script import answer, message

EXEC = [sys.executable, "-m", "codex_trio.testing.command", "exec", "hi"]
SERVER = [sys.executable, "-m", "codex_trio.testing.command", "app-server"]


async def run(lab: ExecLab, script: str, **env: str) -> tuple[int, str, str]:
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            ["/bin/bash", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=lab.work,
            env={**lab.env, **env},
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("command", [EXEC, SERVER], ids=["exec", "app-server"])
@pytest.mark.parametrize(
    ("before", "behind", "complaint"),
    [
        ("", ">&-", "closed"),
        ("mkdir gone; cd gone; rmdir ../gone;", "", "does not exist any more"),
        ("mkdir $'caf\\xe9'; cd caf*;", "", "not UTF-8"),
        ("unset CODEX_HOME; export HOME=/dev/null;", "", "set CODEX_HOME to a folder"),
        ("mkdir $CODEX_HOME/installation_id;", "", "installation_id: Is a directory"),
    ],
    ids=["no stdout", "deleted folder", "folder in another encoding", "HOME is a file", "unusable id"],
)
async def test_what_cannot_be_used_is_said_in_one_line(
    lab: ExecLab, command: list[str], before: str, behind: str, complaint: str
) -> None:
    code, out, errors = await run(lab, f"{before} {shlex.join(command)} {behind}")
    assert (code, out) == (1, "")
    assert complaint in errors
    assert len([line for line in errors.splitlines() if "Reading additional" not in line]) == 1
    assert lab.model.requests == []


def test_a_home_that_is_not_there_is_told_from_one_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, said in (("none", "does not exist"), ("file", "is not a directory")):
        with pytest.raises(UsageError, match=f"/{name}', but that path {said}$"):
            codex_home({"CODEX_HOME": str(tmp_path / name)})


async def test_without_standard_error_the_answer_is_there_all_the_same(lab: ExecLab) -> None:
    lab.model.add(answer(message("Here.")), answer(message("Again.")))
    assert await run(lab, f"{shlex.join(EXEC)} 2>&-") == (0, "Here.\n", "")
    _, out, _ = await run(lab, f"{shlex.join(EXEC)} --json 2>&-")
    assert all(line.startswith("{") for line in out.splitlines())


async def test_arguments_are_utf8_whatever_the_locale_says(lab: ExecLab) -> None:
    lab.model.add(answer(message("Gr\u00fc\u00dfe.")))
    command = shlex.join([*EXEC[:-1], "gr\u00fc\u00dfe"])
    code, out, errors = await run(lab, command, LC_ALL="C", PYTHONUTF8="0")
    assert (code, out) == (0, "Gr\u00fc\u00dfe.\n"), errors
    assert lab.model.requests[0].texts("user")[-1] == "gr\u00fc\u00dfe"


async def test_ctrl_c_while_modules_load_ends_without_a_traceback(lab: ExecLab, tmp_path: Path) -> None:
    # A module that the command imports tells when it is loaded, and then takes its time.
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "difflib.py").write_text(
        "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    )
    env = {**lab.env, "PYTHONPATH": f"{slow}{os.pathsep}{lab.env['PYTHONPATH']}"}
    process = await trio.lowlevel.open_process(
        [*EXEC[:-1], "--modle"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=lab.work, env=env
    )
    assert process.stderr is not None
    with trio.fail_after(PATIENCE):
        assert await process.stderr.receive_some() == b"loading\n"
        process.send_signal(signal.SIGINT)
        rest = b"".join([data async for data in process.stderr])
        await process.wait()
    assert (process.returncode, rest) == (130, b"")
