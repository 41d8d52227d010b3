"""What the workspace brings counts neither as a harmless program nor as the one that a rule allows."""

from pathlib import Path

import pytest

from codex_trio.execpolicy.bash import Bash
from codex_trio.execpolicy.decision import CommandPolicy, Decision
from codex_trio.execpolicy.programs import Programs
from codex_trio.execpolicy.rules import PolicyRules


class Work:
    """A workspace with a protected `.git`."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())

    def folders(self) -> tuple[str, ...]:
        return (self.folder,)

    def may_write(self, path: str) -> bool:
        real = f"{Path(path).resolve()}/"
        return real.startswith(f"{self.folder}/") and not real.startswith(f"{self.folder}/.git/")


class Place:
    """A workspace, a system, and rules that allow some of its programs."""

    def __init__(self, base: Path) -> None:
        self.work, self.system = base / "work", base / "system"
        for name in ("cat", "git", "tool"):
            self.program(self.system / name)
        self.program(self.work / "bin" / "cat")
        self.program(self.work / "bin" / "git")
        self.program(self.work / "bin" / "mine")
        (self.work / ".git").mkdir()
        rules = PolicyRules()
        for prefix in (["git", "status"], ["tool"], ["mine"], ["cd"], ["git", "-C", "sub", "log"]):
            rules.allow_prefix(prefix)
        self.policy = CommandPolicy(rules=rules, bash=Bash(), amendments="/nonexistent")
        self.work_first = f"{self.work}/bin:{self.system}"

    @staticmethod
    def program(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)

    def decide(self, script: str, *, cwd: str = "", path: str = "", policy: str = "on-request") -> Decision:
        programs = Programs(path or str(self.system), str(self.work / cwd), Work(self.work))
        return self.policy.decide(
            ["/bin/bash", "-lc", script],
            programs=programs,
            approval_policy="untrusted" if policy == "untrusted" else "on-request",
            sandboxed=True,
        )

    def asks(self, script: str, *, cwd: str = "", path: str = "") -> bool:
        return self.decide(script, cwd=cwd, path=path, policy="untrusted").kind == "prompt"

    def leaves(self, script: str, *, cwd: str = "", path: str = "") -> bool:
        """Return whether a script leaves the sandbox unasked."""
        return self.decide(script, cwd=cwd, path=path).bypass_sandbox


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_only_bare_names_of_the_system_count_as_harmless(place: Place) -> None:
    assert not place.asks("cat a")
    assert not place.asks("cd sub && cat a")
    for script in ("./cat", "bin/cat x", f"{place.work}/bin/cat", f"{place.system}/cat", "cat x | ./cat", "nothing"):
        assert place.asks(script), script


def test_a_search_path_that_leads_through_the_workspace_is_not_the_systems(place: Place) -> None:
    empty = place.work / "empty"
    empty.mkdir()
    (place.system.parent / "link").symlink_to(empty)
    for first in (f"{place.work}/bin", str(empty), "bin", ".", "", f"{place.system.parent}/link"):
        assert place.asks("cat a", path=f"{first}:{place.system}"), first
    assert not place.asks("cat a", path=f"{place.system}:{place.work}/bin")
    assert not place.asks("echo a", path=f"{place.work}/bin:{place.system}")
    assert place.asks("cat a", path=f"{place.system.parent}/nowhere")


def test_a_link_from_the_system_into_the_workspace_is_not_the_systems(place: Place) -> None:
    (place.system / "ls").symlink_to(place.work / "bin" / "cat")
    assert place.asks("ls")


def test_a_rule_allows_a_program_of_the_system_by_any_path(place: Place) -> None:
    for script in ("tool x", f"{place.system}/tool x", "git status", f"{place.system}/git status -s"):
        assert place.leaves(script), script


def test_a_rule_does_not_allow_what_the_workspace_calls_by_that_name(place: Place) -> None:
    for script in (f"{place.work}/bin/git status", "bin/git status", f"{place.work}/../work/bin/git status"):
        assert not place.leaves(script), script
    link = place.system.parent / "outside"
    link.symlink_to(place.work / "bin")
    assert not place.leaves(f"{link}/git status")
    assert not place.leaves("git status", path=place.work_first)
    assert place.leaves("tool", path=place.work_first)


def test_a_program_that_only_the_workspace_has_is_the_one_that_is_allowed(place: Place) -> None:
    assert place.leaves("mine x", path=place.work_first)


def test_a_link_in_the_workspace_to_a_program_of_the_system_is_that_program(place: Place) -> None:
    (place.work / "bin" / "tool").symlink_to(place.system / "tool")
    assert place.leaves("tool x", path=place.work_first)


def test_allowed_git_obeys_only_repositories_that_no_command_may_have_made(place: Place) -> None:
    sub = place.work / "sub"
    (sub / ".git").mkdir(parents=True)
    (sub / "deep").mkdir()
    bare = place.work / "bare"
    (bare / "objects").mkdir(parents=True)
    (bare / "HEAD").touch()
    (place.work / "plain").mkdir()
    assert place.leaves("git status")
    assert place.leaves("git status", cwd="plain")
    assert place.leaves("cd plain && git status")
    for cwd in ("sub", "sub/deep", "bare"):
        assert not place.leaves("git status", cwd=cwd), cwd
        assert not place.leaves(f"cd {cwd} && git status"), cwd
    assert not place.leaves("cd - && git status")
    assert place.leaves("cd sub && cd .. && git status")
    assert place.leaves("git -C sub log")
    (place.work / ".git").rmdir()
    (place.work / ".git").symlink_to(sub / ".git")
    assert not place.leaves("git status")


def test_a_git_file_that_leads_into_the_workspace_is_not_obeyed(place: Place) -> None:
    (place.work / ".git").rmdir()
    (place.work / ".git").write_text("gitdir: made\n")
    assert not place.leaves("git status")
    (place.work / ".git").write_text(f"gitdir: {place.system.parent}/elsewhere\n")
    assert place.leaves("git status")


def test_what_is_not_allowed_by_its_name_runs_in_the_sandbox_or_is_asked_about(place: Place) -> None:
    assert place.decide("bin/git status").kind == "allow"
    assert place.asks("bin/git status")
    assert not place.asks("git status")
