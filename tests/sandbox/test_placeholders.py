"""Folders that stand in for missing protected paths appear and vanish without harm."""

import os
import stat
from pathlib import Path

import trio
from sandbox_lab import PATIENCE, SandboxLab

from codex_trio.sandbox import placeholders
from codex_trio.sandbox.policy import WorkspaceWrite

WORKSPACE = WorkspaceWrite(exclude_slash_tmp=True)


def test_a_placeholder_lives_as_long_as_its_last_user(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    first = placeholders.acquire([str(path)])
    second = placeholders.acquire([str(path)])
    assert path.is_dir()
    assert first.release() == [str(path)]
    assert path.is_dir()
    assert second.release() == []
    assert second.release() == []
    assert not path.exists()


def test_a_placeholder_that_was_put_to_use_stays(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    held = placeholders.acquire([str(path)])
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    held.release()
    assert (path / "HEAD").exists()


def test_a_folder_that_somebody_else_made_stays(tmp_path: Path) -> None:
    path = tmp_path / ".codex"
    path.mkdir()
    placeholders.acquire([str(path)]).release()
    placeholders.sweep(str(path))
    assert path.is_dir()
    assert not placeholders.is_placeholder_at(str(path))


def test_what_is_no_folder_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    path.write_text("gitdir: elsewhere\n")
    placeholders.acquire([str(path)]).release()
    placeholders.sweep(str(path))
    assert path.read_text() == "gitdir: elsewhere\n"


def test_a_leftover_of_a_crash_is_removed_by_the_next_user(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    path.mkdir()
    path.chmod(0o1755)
    assert placeholders.is_placeholder_at(str(path))
    placeholders.acquire([str(path)]).release()
    assert not path.exists()


def test_a_sweep_spares_a_placeholder_in_use(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    held = placeholders.acquire([str(path)])
    assert not placeholders.sweep(str(path))
    assert path.is_dir()
    held.release()
    assert not path.exists()
    assert placeholders.sweep(str(path))


def test_a_folder_that_is_gone_needs_no_placeholder(tmp_path: Path) -> None:
    placeholders.acquire([str(tmp_path / "gone" / ".git")]).release()
    assert os.listdir(tmp_path) == []


def test_a_placeholder_is_usable_as_the_folder_it_stands_for(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    held = placeholders.acquire([str(path)])
    assert stat.S_IMODE(path.stat().st_mode) & 0o777 == 0o755
    held.release()


async def test_the_workspace_looks_untouched_after_a_command(mount_lab: SandboxLab) -> None:
    assert (await mount_lab.shell(WORKSPACE, "ls -A")).output == ".agents\n.aws\n.codex\n.git\n"
    assert os.listdir(mount_lab.workspace) == []
    assert os.listdir(mount_lab.tmpdir) == []


async def test_a_short_command_does_not_lift_the_protection_of_a_longer_one(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    request = lab.request(
        WORKSPACE,
        "/bin/sh",
        "-c",
        "echo ready; read line; mkdir .git && echo made; touch .git/x && echo written",
        tty=True,
    )
    with trio.fail_after(PATIENCE):
        async with lab.spawner.start(request) as process:
            seen = await process.stdout.receive()
            assert b"ready" in seen
            assert (await lab.shell(WORKSPACE, "true")).exit_code == 0
            await process.write(b"\n")
            seen = b""
            while chunk := await process.stdout.receive():
                seen += chunk
            await process.wait()
    assert b"made" not in seen
    assert b"written" not in seen
    assert os.listdir(lab.workspace) == []
