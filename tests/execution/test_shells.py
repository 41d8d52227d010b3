"""Which program a shell is, and what is started for a script."""

from pathlib import Path

import pytest

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.shells import Shells, find_shells, hand_over, keep_path


def named(shells: Shells, name: str | None) -> str:
    return shells.named(name, may_write=lambda _path: False)


def folder_with(path: Path, *names: str) -> str:
    path.mkdir()
    for name in names:
        (path / name).write_text("#!/bin/sh\n")
        (path / name).chmod(0o755)
    return str(path)


def test_the_accounts_shell_is_the_default_and_the_one_of_its_kind(tmp_path: Path) -> None:
    system, own = folder_with(tmp_path / "system", "bash", "zsh"), folder_with(tmp_path / "own", "zsh")
    shells = find_shells(f"{own}/zsh", folders=[system])
    assert shells.default == f"{own}/zsh"
    assert {named(shells, name) for name in ("zsh", "/usr/bin/zsh", "zsh.exe", "", None)} == {f"{own}/zsh"}
    assert named(shells, "bash") == f"{system}/bash"


def test_a_shell_that_a_command_may_have_written_is_not_taken(tmp_path: Path) -> None:
    own = folder_with(tmp_path / "own", "zsh")
    shells = find_shells(f"{own}/zsh")
    asked: list[str] = []

    def may_write(path: str) -> bool:
        asked.append(path)
        return True

    assert (shells.named(None, may_write=may_write), shells.named("bash", may_write=may_write)) == (
        "/bin/sh",
        "/bin/bash",
    )
    assert asked == [f"{own}/zsh"]


@pytest.mark.parametrize("account", ["", "/usr/sbin/nologin", "/usr/bin/fish", "/missing/zsh", "bash"])
def test_an_account_without_a_shell_that_can_be_read_gets_bash(tmp_path: Path, account: str) -> None:
    system = folder_with(tmp_path / "system", "bash", "fish", "python3")
    shells = find_shells(account, folders=[system])
    assert shells.default == named(shells, "") == f"{system}/bash"
    assert {named(shells, name) for name in ("fish", "zsh", "python3", "/x/sh", "bash -x", "/")} == {"/bin/sh"}


def test_a_machine_without_bash_runs_sh(tmp_path: Path) -> None:
    shells = find_shells("/bin/ash", folders=[str(tmp_path)])
    assert (shells.default, named(shells, "bash")) == ("/bin/sh", "/bin/sh")


def test_nothing_is_put_before_a_script_when_login_files_leave_path_alone() -> None:
    request = SpawnRequest(argv=("bash", "-lc", "x"), cwd="/", env={"PATH": "/usr/local/bin:/usr/bin:/bin::."})
    assert keep_path(request) is request
    assert keep_path(SpawnRequest(argv=("bash", "-lc", "x"), cwd="/", env={})).argv == ("bash", "-lc", "x")


def test_a_long_script_comes_from_the_first_descriptor_that_is_free() -> None:
    script = "x" * 200_000
    plain = hand_over(SpawnRequest(argv=("bash", "-c", script), cwd="/", env={}))
    assert (plain.argv, plain.inherited) == (("bash", "-c", ". /dev/fd/3"), {3: f"exec 3<&-; {script}".encode()})
    kept = SpawnRequest(argv=("bwrap", "--", "bash", "-c", script), cwd="/", env={}, inherited={3: b"filter"})
    assert hand_over(kept).argv == ("bwrap", "--", "bash", "-c", ". /dev/fd/4")
    assert set(hand_over(kept).inherited) == {3, 4}
    for short in ("x" * 90_000, script + "\0"):
        request = SpawnRequest(argv=("bash", "-c", short), cwd="/", env={})
        assert hand_over(request) is request
