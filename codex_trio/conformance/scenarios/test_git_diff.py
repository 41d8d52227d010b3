"""What a work tree differs in from its remote."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab


@pytest.fixture
def checkout(lab: Lab) -> Path:
    """A repository whose only commit its remote has."""
    folder = lab.cwd / "work"
    identity = ("-c", "user.name=x", "-c", "user.email=x@x.invalid", "-c", "init.defaultBranch=main")
    environ = lab.environment({})
    folder.mkdir()
    (folder / "file").write_text("one\n")
    for arguments in (
        ("init", "-q", "--bare", "../remote.git"),
        ("init", "-q"),
        ("add", "."),
        (*identity, "commit", "-qm", "one"),
        ("remote", "add", "origin", "../remote.git"),
        ("push", "-q", "origin", "HEAD:main"),
    ):
        subprocess.run(["git", *identity, *arguments], cwd=folder, env=environ, check=True, capture_output=True)
    return folder


async def test_what_differs_is_told_with_the_commit_of_the_remote(lab: Lab, checkout: Path) -> None:
    async with lab.run() as probe:
        clean = await probe.request("gitDiffToRemote", {"cwd": str(checkout)})
        assert (len(clean["sha"]), clean["diff"]) == (40, "")
        (checkout / "file").write_text("one\ntwo\n")
        (checkout / "new").write_text("x\n")
        changed = await probe.request("gitDiffToRemote", {"cwd": str(checkout)})
        assert changed["sha"] == clean["sha"]
        of_file, of_new = changed["diff"].split("diff --git a/new b/new\n")
        assert of_file.endswith("--- a/file\n+++ b/file\n@@ -1 +1,2 @@\n one\n+two\n")
        assert of_file.startswith("diff --git a/file b/file\n")
        assert of_new.startswith("new file mode 100644\n")
        assert of_new.endswith("--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n")


async def test_new_files_of_the_whole_work_tree_are_told_from_a_folder_in_it(lab: Lab, checkout: Path) -> None:
    (checkout / "sub").mkdir()
    for name in ("new", "sub/new"):
        (checkout / name).write_text("x\n")
    async with lab.run() as probe:
        answer = await probe.request("gitDiffToRemote", {"cwd": str(checkout / "sub")})
        headers = [line for line in answer["diff"].splitlines() if line.startswith("diff ")]
        assert headers == ["diff --git a/new b/new", "diff --git a/sub/new b/sub/new"]


@pytest.fixture
def shown(checkout: Path) -> str:
    """The repository in a folder whose name is no text, as that is listed."""
    checkout.rename(checkout.with_name(os.fsdecode(b"w\xff")))
    return str(checkout.with_name("w\ufffd"))


async def test_a_folder_whose_name_is_no_text_can_be_worked_in_by_the_name_that_is_listed(lab: Lab, shown: str) -> None:
    cat: dict[str, Any] = {"command": ["cat", "file"], "cwd": shown}
    async with lab.run() as probe:
        assert len((await probe.request("gitDiffToRemote", {"cwd": shown}))["sha"]) == 40
        found = await probe.request("fuzzyFileSearch", {"query": "file", "roots": [shown]})
        assert {"root": shown, "path": "file"}.items() <= found["files"][0].items()
        done = await probe.request("command/exec", cat)
        assert (done["exitCode"], done["stdout"]) == (0, "one\n")
        await probe.request("process/spawn", {**cat, "processHandle": "p"})
        assert (await probe.until("process/exited"))["params"]["stdout"] == "one\n"


async def test_a_folder_without_a_repository_or_a_remote_is_refused(lab: Lab, checkout: Path) -> None:
    shutil.rmtree(checkout / ".git" / "refs" / "remotes")
    async with lab.run() as probe:
        for folder in (checkout, lab.cwd / "none"):
            error = await probe.refusal("gitDiffToRemote", {"cwd": str(folder)})
            expected = (-32600, f'failed to compute git diff to remote for cwd: "{folder}"')
            assert (error.code, error.message) == expected
