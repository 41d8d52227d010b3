"""How a work tree stands, told without running anything that the repository names, and without what lets one in."""

import os
import subprocess
from pathlib import Path

import pytest
import trio

from codex_trio.environments.local.git import LocalRepositories
from codex_trio.environments.local.git_workspace import shareable_remote
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.workspace import WorkspaceState
from codex_trio.sandbox.policy import ReadOnly, SandboxPolicy, WorkspaceWrite

PATIENCE = 60.0


class WorkTree:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        self.repositories = LocalRepositories(environ=self.environ, tmpdir=None)
        (folder / ".gitconfig").write_text("[user]\nname = x\nemail = x@x.invalid\n[init]\ndefaultBranch = main\n")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=self.environ, check=True, capture_output=True)
        return done.stdout.decode().strip()

    async def state(self, policy: SandboxPolicy) -> WorkspaceState | None:
        """Return it, however long git takes."""
        with trio.fail_after(PATIENCE):
            while (state := await self.repositories.workspace(WorkPlace(cwd=str(self.folder), policy=policy))) is None:
                # Only a machine that is very busy has git take too long.
                pass
        return state


@pytest.fixture
def tree(tmp_path: Path) -> WorkTree:
    return WorkTree(tmp_path)


async def test_nothing_runs_that_the_repository_names(tree: WorkTree) -> None:
    tree.git("init", "-q")
    (tree.folder / ".gitattributes").write_text("* filter=evil\n")
    (tree.folder / "file").write_text("one")
    tree.git("add", ".")
    tree.git("commit", "-qm", "one")
    ran = tree.folder.parent / "ran"
    program = tree.folder.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    for key in ("filter.evil.clean", "filter.evil.process", "core.fsmonitor"):
        tree.git("config", key, str(program))
    # Another time, so that git has to look into the file.
    os.utime(tree.folder / "file", (1, 1))
    state = await tree.state(ReadOnly())
    assert state == WorkspaceState(
        root=str(tree.folder), commit=tree.git("rev-parse", "HEAD"), has_changes=False, remote_urls={}
    )
    assert not ran.exists()


async def test_of_a_broken_repository_nothing_is_told(tree: WorkTree) -> None:
    (tree.folder / ".git").write_text("gitdir: nowhere")
    assert await tree.repositories.workspace(WorkPlace(cwd=str(tree.folder), policy=WorkspaceWrite())) is None


async def test_the_first_address_of_a_remote_is_told_where_it_can_be(tree: WorkTree) -> None:
    tree.git("init", "-q")
    tree.git("remote", "add", "a.b", "https://example.com/a")
    tree.git("remote", "set-url", "--add", "a.b", "https://example.com/second")
    tree.git("remote", "set-url", "--push", "a.b", "https://example.com/push")
    tree.git("remote", "add", "odd", "https://user:sec/ret@example.com:x/a")
    state = await tree.state(WorkspaceWrite())
    assert state is not None
    assert state.remote_urls == {"a.b": "https://example.com/a"}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.com/a.git", "https://example.com/a.git"),
        ("https://token@example.com/a.git", "https://example.com/a.git"),
        ("HTTPS://user:secret@example.com/a.git", "https://example.com/a.git"),
        ("https://example.com/a.git?key=secret#secret", "https://example.com/a.git"),
        ("https://user:sec/ret@example.com/a", None),
        ("ssh://git:secret@example.com:22/a", "ssh://git@example.com:22/a"),
        ("ssh://git:sec/ret@example.com/a", None),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("user:secret@example.com/a", "example.com/a"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("ssh://[broken/a", None),
        ("https://example.com/\x1b[31m", None),
    ],
)
def test_addresses_of_remotes_let_nobody_in(url: str, told: str | None) -> None:
    assert shareable_remote(url) == told
