"""`codex-trio sandbox`: a command of the user's runs as one of the agent's would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codex_trio.cli.command_line import run

SECONDS = 60


def started(folder: Path, *arguments: str, told: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "codex_trio.testing.command", "sandbox", *arguments],
        input=told,
        capture_output=True,
        check=False,
        timeout=SECONDS,
        cwd=folder,
        env={"HOME": str(folder), "TMPDIR": str(folder), "CODEX_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path


def test_streams_and_exit_code_are_passed_on_and_what_is_configured_holds(folder: Path) -> None:
    (folder / "home" / "config.toml").write_text('sandbox_mode = "read-only"\n')
    script = "cat; echo aside >&2; echo x > new; ls new; exit 7"
    done = started(folder, "sh", "-c", script, told=b"given\xff\n" * 20_000)
    assert done.returncode == 7
    assert done.stdout == b"given\xff\n" * 20_000
    assert b"aside\n" in done.stderr
    assert not (folder / "new").exists()


def test_permissions_are_chosen_by_name_and_options_of_the_command_are_its_own(folder: Path) -> None:
    done = started(folder, "-P", ":workspace", "-C", str(folder / "home" / ".."), "--", "mkdir", "-p", "--", "a/b")
    assert (done.returncode, (folder / "a" / "b").is_dir()) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-P", ":nope", "true"], "Error: invalid permission profile: default_permissions refers to unknown"),
        (["-C", "gone", "true"], "Error: --cd gone: No such file or directory"),
        (["-C", "home/config.toml", "true"], "Error: --cd home/config.toml: it is no folder"),
        ([], "the following arguments are required: COMMAND"),
        (["--nope", "true"], "unexpected argument '--nope'"),
        (["--sandbox-state-json", "{}", "true"], "is not supported: name a permission profile with -P"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (folder / "home" / "config.toml").touch()
    for name in ("HOME", "TMPDIR", "CODEX_HOME"):
        monkeypatch.setenv(name, str(folder / "home"))
    monkeypatch.chdir(folder)
    try:
        code = run(["sandbox", *arguments], system_dir=folder / "system")
    except SystemExit as left:
        code = int(left.code or 0)
    assert code in (1, 2)
    assert said in capsys.readouterr().err
