"""The look at a repository when a thread starts in it."""

import os
import subprocess
from pathlib import Path

import pytest

from codex_trio.environments.local.git import collect_git_info, find_git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "-c", "init.defaultBranch=trunk", "init", "-q", str(folder)], env=env, check=True)
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x.invalid", "commit", "-q", "--allow-empty", "-m", "x"],
        cwd=folder,
        env=env,
        check=True,
    )
    return folder


def make_git(folder: Path) -> Path:
    """Return a program called git that leaves a trace, and says no more."""
    folder.mkdir(parents=True)
    (folder / "git").write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
    (folder / "git").chmod(0o755)
    return folder / "git"


async def test_the_systems_git_is_asked_whatever_comes_first_on_the_path(repository: Path, tmp_path: Path) -> None:
    planted = make_git(tmp_path / "venv" / "bin")
    # As where the server was started by git itself, for a hook of another repository.
    environ = {"PATH": "/usr/bin:/bin", "GIT_DIR": str(tmp_path / "none"), "GIT_WORK_TREE": str(tmp_path)}
    programs = find_git(f"{planted.parent}:/usr/bin:relative:")
    assert programs[-1] == str(planted)
    found = await collect_git_info(repository, programs=programs, environ=environ, writable=list)
    assert found is not None
    assert (found.branch, len(found.commit_hash or "")) == ("trunk", 40)
    assert not (planted.parent / "ran").exists()


async def test_a_git_that_a_command_may_have_made_is_never_run(repository: Path, tmp_path: Path) -> None:
    planted = [make_git(repository / "bin"), make_git(tmp_path / "writable" / "bin")]
    (tmp_path / "link").symlink_to(tmp_path / "writable")
    programs = [str(program) for program in planted]
    sub = repository / "sub"
    sub.mkdir()
    found = await collect_git_info(sub, programs=programs, environ={}, writable=lambda: [str(tmp_path / "link")])
    assert found is None
    assert [program.with_name("ran").exists() for program in planted] == [False, False]


async def test_a_machine_whose_only_git_is_on_the_path_uses_it(repository: Path, tmp_path: Path) -> None:
    only = make_git(tmp_path / "elsewhere")
    assert await collect_git_info(repository, programs=[str(only)], environ={}, writable=lambda: ["/other"]) is None
    assert only.with_name("ran").exists()
