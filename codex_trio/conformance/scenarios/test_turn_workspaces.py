"""What the provider is told of the repository that a turn works in."""

import json
import subprocess
from pathlib import Path
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, function_call, message

_IDENTITY = ("-c", "user.name=x", "-c", "user.email=x@x.invalid")


def git(folder: Path, *arguments: str) -> str:
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *_IDENTITY, *arguments]
    return subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, text=True).stdout.strip()


def told_workspaces(lab: Lab) -> dict[str, Any] | None:
    """Return what the last request says, in its body as in its header."""
    request = lab.model.requests[-1]
    told = json.loads(request.body["client_metadata"]["x-codex-turn-metadata"])
    assert json.loads(request.headers["x-codex-turn-metadata"]) == told
    return told.get("workspaces")


async def workspaces_of_a_turn(lab: Lab, probe: Probe, cwd: Path) -> dict[str, Any] | None:
    """Return what the last request of a turn says. A slow machine gets longer turns: requests do not wait for git."""
    thread_id = (await probe.start_thread(cwd=str(cwd)))["id"]
    for seconds in (0, 1, 4, 8):
        if seconds:
            call = function_call(
                "exec_command", {"cmd": f"sleep {seconds}", "yield_time_ms": 9000}, call_id=f"c{seconds}"
            )
            lab.script(answer(call))
        lab.script(answer(message("Hi.")))
        await probe.run_turn(thread_id)
        if (told := told_workspaces(lab)) is not None:
            return told
    return None


async def test_the_commit_the_changes_and_the_remotes_of_the_repository_are_told(lab: Lab, probe: Probe) -> None:
    root, inside = lab.cwd, lab.cwd / "inside"
    inside.mkdir()
    git(root, "init", "-q")
    assert await workspaces_of_a_turn(lab, probe, root) == {str(root): {"has_changes": False}}
    git(root, "commit", "-q", "--allow-empty", "-m", "one")
    commit = git(root, "rev-parse", "HEAD")
    git(root, "remote", "add", "origin", "https://user:secret@example.com/a.git")
    git(root, "remote", "add", "fork", "ssh://git:secret@example.com/a/b.git")
    git(root, "remote", "add", "short", "git@example.com:a/b.git")
    (inside / "new.txt").write_text("new")
    assert await workspaces_of_a_turn(lab, probe, inside) == {
        str(root): {
            "associated_remote_urls": {
                "fork": "ssh://git@example.com/a/b.git",
                "origin": "https://example.com/a.git",
                "short": "git@example.com:a/b.git",
            },
            "latest_git_commit_hash": commit,
            "has_changes": True,
        }
    }


async def test_outside_of_repositories_nothing_is_told_of_one(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    assert told_workspaces(lab) is None
