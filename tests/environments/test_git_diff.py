"""What a work tree differs in from its remote, told without running anything that the repository names."""

import os
import subprocess
from pathlib import Path

import pytest
import trio

from codex_trio.environments.local.git import LocalRepositories
from codex_trio.environments.local.git_diff import NoRemoteDiff

PATIENCE = 60.0
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Checkout:
    """A repository with a commit that its remote has, and one that it has not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        (folder / ".gitconfig").write_text("[user]\nname = x\nemail = x@x.invalid\n[init]\ndefaultBranch = main\n")
        self.git("init", "-q", "--bare", str(folder / "remote.git"), cwd=folder)
        self.git("init", "-q", str(self.folder), cwd=folder)
        self.write("file", "one\n")
        self.git("add", ".")
        self.git("commit", "-qm", "one")
        self.shared = self.git("rev-parse", "HEAD")
        self.git("remote", "add", "origin", str(folder / "remote.git"))

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=cwd or self.folder, env=self.environ, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def push(self) -> None:
        self.git("push", "-q", "origin", "HEAD:main")

    async def diff(self, folder: Path | None = None) -> tuple[str, str]:
        """Return the commit and the difference, with what is told of each file."""
        repositories = LocalRepositories(environ=self.environ, tmpdir=None)
        with trio.fail_after(PATIENCE):
            found = await repositories.diff_to_remote(folder or self.folder)
        return found.sha, b"".join(found.diff).decode("utf-8", "replace")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def files(diff: str) -> list[str]:
    return [line.removeprefix("diff --git ") for line in diff.splitlines() if line.startswith("diff --git ")]


async def test_commits_changes_and_new_files_are_told_from_any_folder_of_it(checkout: Checkout) -> None:
    checkout.push()
    assert await checkout.diff() == (checkout.shared, "")
    checkout.write("file", "one\ntwo\n")
    checkout.git("commit", "-qam", "two")
    checkout.write("file", "one\ntwo\nthree\n")
    checkout.write("staged", "s\n")
    checkout.git("add", "staged")
    checkout.write(".gitignore", "ignored\n")
    checkout.write("ignored", "x\n")
    checkout.write("sub/new file", "new\n")
    (checkout.folder / "sub" / "binary").write_bytes(b"\0\1")
    (checkout.folder / "link").symlink_to("file")
    checkout.git("init", "-q", str(checkout.folder / "other"))
    checkout.write("other/inside", "x\n")
    for branch in (["-b", "feature"], ["--detach"]):
        checkout.git("checkout", "-q", *branch)
        for folder in (checkout.folder, checkout.folder / "sub"):
            sha, diff = await checkout.diff(folder)
            assert sha == checkout.shared
            assert files(diff) == [
                "a/file b/file",
                "a/staged b/staged",
                "a/.gitignore b/.gitignore",
                "a/link b/link",
                "a/sub/binary b/sub/binary",
                "a/sub/new file b/sub/new file",
            ]
            assert "+two\n+three\n" in diff
            assert "GIT binary patch" in diff
    assert checkout.git("status", "--porcelain", "staged") == "A  staged"


async def test_the_closest_commit_of_a_remote_counts(checkout: Checkout) -> None:
    checkout.push()
    checkout.git("checkout", "-q", "-b", "side")
    checkout.git("commit", "-q", "--allow-empty", "-m", "side")
    checkout.git("push", "-q", "origin", "side")
    side = checkout.git("rev-parse", "HEAD")
    checkout.git("checkout", "-q", "-b", "far", checkout.shared)
    for number in range(3):
        checkout.git("commit", "-q", "--allow-empty", "-m", str(number))
    checkout.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    assert (await checkout.diff())[0] in (side, checkout.shared)
    checkout.git("checkout", "-q", "side")
    assert (await checkout.diff())[0] == side


async def test_where_nothing_can_be_told_the_reason_is(checkout: Checkout, tmp_path: Path) -> None:
    with pytest.raises(NoRemoteDiff, match="remote is known"):
        await checkout.diff()
    with pytest.raises(NoRemoteDiff, match="in no repository"):
        await checkout.diff(Path("/nowhere/at/all"))
    checkout.push()
    checkout.git("checkout", "-q", "--orphan", "unrelated")
    with pytest.raises(NoRemoteDiff, match="rev-parse"):
        await checkout.diff()
    checkout.git("commit", "-qm", "unrelated")
    with pytest.raises(NoRemoteDiff, match="before the checked out one"):
        await checkout.diff()


async def test_nothing_runs_that_the_repository_names(checkout: Checkout, tmp_path: Path) -> None:
    checkout.push()
    ran = tmp_path / "ran"
    ran.mkdir()
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {ran}/{hook}\n")
        (hooks / hook).chmod(0o755)
    for key, program in (
        ("core.fsmonitor", "fsmonitor; false"),
        ("core.pager", "pager; cat"),
        ("pager.diff", "pager; cat"),
        ("diff.external", "external"),
        ("diff.own.command", "command"),
        ("diff.own.textconv", "textconv; cat"),
        ("filter.own.clean", "clean; cat"),
        ("filter.own.process", "process"),
        ("filter.own.required", "true"),
    ):
        checkout.git("config", key, program if program == "true" else f"touch {ran}/{program}")
    checkout.git("config", "core.hooksPath", str(hooks))
    for key in ("diff.noprefix", "diff.mnemonicPrefix", "diff.relative"):
        checkout.git("config", key, "true")
    checkout.git("config", "color.diff", "always")
    checkout.write("file", "changed\n")
    checkout.write("new", "new\n")
    checkout.write(".gitattributes", "* diff=own filter=own\n")
    sha, diff = await checkout.diff()
    assert os.listdir(ran) == []
    assert sha == checkout.shared
    assert files(diff) == ["a/file b/file", "a/.gitattributes b/.gitattributes", "a/new b/new"]
    assert "+changed\n" in diff


async def test_settings_of_the_servers_own_surroundings_do_not_lead_elsewhere(checkout: Checkout) -> None:
    checkout.push()
    checkout.environ |= {"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_EXTERNAL_DIFF": "/bin/false"}
    assert await checkout.diff() == (checkout.shared, "")
