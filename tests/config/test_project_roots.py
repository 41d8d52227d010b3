"""Which folder counts as the root around a folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_trio.config.project import PLACEHOLDER_MODE, git_root, git_root_for_trust, is_work_tree, project_root


def repository(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    return folder


def test_a_folder_belongs_to_the_nearest_work_tree_above_it(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    inner = root / "sub"
    inner.mkdir()
    assert git_root(inner) == git_root_for_trust(inner) == project_root(inner, [".git"]) == root


@pytest.mark.parametrize("content", ["gitdir: ../main/.git/worktrees/x\n", "gitdir: /gone\n"])
def test_a_git_file_that_points_somewhere_makes_a_work_tree(tmp_path: Path, content: str) -> None:
    (tmp_path / ".git").write_text(content)
    assert is_work_tree(tmp_path)


def _folder(path: Path) -> None:
    path.mkdir()


def _placeholder(path: Path) -> None:
    path.mkdir()
    path.chmod(PLACEHOLDER_MODE)


def _git_of_everything_but_a_head(path: Path) -> None:
    for name in ("objects", "refs"):
        (path / name).mkdir(parents=True)
    (path / "config").touch()


def _head_that_is_a_folder(path: Path) -> None:
    (path / "HEAD").mkdir(parents=True)


def _head_that_is_a_pipe(path: Path) -> None:
    path.mkdir()
    os.mkfifo(path / "HEAD")


def _text(text: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(text)

    return write


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(6 << 30)


def _link(target: str) -> Callable[[Path], None]:
    def link(path: Path) -> None:
        path.symlink_to(target)

    return link


STRAY = {
    "empty folder": _folder,
    "placeholder": _placeholder,
    "no HEAD": _git_of_everything_but_a_head,
    "HEAD is a folder": _head_that_is_a_folder,
    "HEAD is a pipe": _head_that_is_a_pipe,
    "empty file": _text(b""),
    "other text": _text(b"hello\n"),
    "NUL": _text(b"gitdir: a\0b"),
    "huge": _sparse,
    "pipe": os.mkfifo,
    "device": _link("/dev/zero"),
    "loop": _link(".git"),
    "nowhere": _link("nowhere"),
}


@pytest.mark.parametrize("kind", STRAY)
def test_a_stray_git_makes_nothing_a_repository_and_hides_none(tmp_path: Path, kind: str) -> None:
    root = repository(tmp_path / "repo")
    stray = root / "a"
    stray.mkdir()
    STRAY[kind](stray / ".git")
    inner = stray / "b"
    inner.mkdir()
    assert not is_work_tree(stray)
    assert git_root(inner) == git_root_for_trust(inner) == project_root(inner, [".git"]) == root
