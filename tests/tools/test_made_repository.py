"""A rule about git counts for the user's repositories, not for one that a sandboxed command has made."""

from pathlib import Path

import pytest

from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.tools.made_repository import obeys_a_made_repository


def make_repository(folder: Path) -> None:
    (folder / "objects").mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "config").touch()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    workspace = tmp_path / "w"
    make_repository(workspace / ".git")
    (workspace / "src").mkdir()
    make_repository(workspace / "made" / ".git")
    make_repository(workspace / "bare")
    (workspace / "pointed").mkdir()
    (workspace / "pointed" / ".git").write_text("gitdir: ../.git\n")
    (workspace / "link").symlink_to("made")
    (tmp_path / "outside").mkdir()
    make_repository(tmp_path / "outside" / ".git")
    return workspace


@pytest.mark.parametrize(
    ("place", "words", "expected"),
    [
        (".", "git status", False),
        ("src", "git status", False),
        (".", "/usr/bin/git status", False),
        ("../outside", "git status", False),
        ("/", "git status", False),
        ("made", "make all", False),
        ("made", "git -C .. status", False),
        ("made", "git status", True),
        ("made/missing", "git status", True),
        ("link", "git status", True),
        ("bare", "git status", True),
        ("pointed", "git status", True),
        (".", "git -C made status", True),
        (".", "git -c a.b=c -C src -C ../link log", True),
        (".", "git --no-pager -C made status", True),
        (".", "git --git-dir=made/.git status", True),
        (".", "git --work-tree made status", True),
    ],
)
def test_whose_repository_it_is_decides(workspace: Path, place: str, words: str, expected: bool) -> None:  # noqa: FBT001  # a parameter
    policy, anchors = WorkspaceWrite(exclude_slash_tmp=True), RootAnchors()

    def may_write(path: str) -> bool:
        return anchors.may_write(path, policy, cwd=str(workspace), tmpdir=None)

    commands = [["true"], words.split(" ")]
    assert obeys_a_made_repository(commands, (workspace / place).absolute(), may_write) is expected


def test_where_nobody_can_tell_no_rule_counts(workspace: Path) -> None:
    def may_write(path: str) -> bool:
        raise RootChanged(path, "it is another folder")

    assert obeys_a_made_repository([["git", "status"]], workspace, may_write)
    assert obeys_a_made_repository([["git", "-C", "\0", "status"]], workspace, lambda _path: False)
