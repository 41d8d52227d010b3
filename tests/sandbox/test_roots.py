"""Where commands and patches of a thread may write."""

from pathlib import Path

from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, ReadOnly, SandboxPolicy, WorkspaceWrite
from codex_trio.sandbox.roots import RootAnchors, WritableRoot, writable_roots


def may_write(path: str, policy: SandboxPolicy, *, cwd: str, anchors: RootAnchors | None = None) -> bool:
    return (anchors or RootAnchors()).may_write(path, policy, cwd=cwd, tmpdir=None)


def test_roots_come_once_and_parents_first(tmp_path: Path) -> None:
    workspace, inner, link = tmp_path / "w", tmp_path / "w" / "deep" / "inner", tmp_path / "link"
    inner.mkdir(parents=True)
    link.symlink_to(inner)
    policy = WorkspaceWrite(
        writable_roots=(str(link), str(inner), "deep", str(tmp_path / "missing")), exclude_slash_tmp=True
    )
    roots = writable_roots(policy, cwd=str(workspace), tmpdir=str(workspace))
    assert [root.path for root in roots] == [str(workspace), str(workspace / "deep"), str(inner)]
    assert roots[0].protected == tuple(str(workspace / name) for name in (".git", ".agents", ".codex", ".aws"))


def test_a_single_file_can_be_a_root(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    policy = WorkspaceWrite(writable_roots=(str(log),), exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    roots = writable_roots(policy, cwd=str(tmp_path / "missing"), tmpdir="/var/tmp")
    assert roots == (WritableRoot(str(log), ()),)


def test_a_relative_tmpdir_opens_nothing(tmp_path: Path) -> None:
    roots = writable_roots(WorkspaceWrite(exclude_slash_tmp=True), cwd=str(tmp_path), tmpdir=".")
    assert [root.path for root in roots] == [str(tmp_path)]


def test_files_may_be_written_where_a_command_could_write_them(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "w", tmp_path / "outside"
    hooks = workspace / ".git" / "hooks"
    for folder in (hooks, outside, workspace / "sub"):
        folder.mkdir(parents=True)
    (workspace / "way-out").symlink_to(outside)
    (workspace / ".codex").symlink_to(workspace / "sub")
    policy = WorkspaceWrite(writable_roots=(str(hooks),), exclude_slash_tmp=True)
    expected = {
        workspace / "new": True,
        workspace / "no" / "such" / "folder" / "file": True,
        workspace / ".github" / "x": True,
        workspace / ".git": False,
        workspace / ".git" / "config": False,
        workspace / "elsewhere" / ".git" / "config": True,
        hooks / "pre-commit": True,
        workspace / ".agents" / "x": False,
        workspace / "sub" / ".." / ".." / "outside" / "x": False,
        workspace / "way-out" / "x": False,
        workspace / ".codex" / "x": False,
        workspace / "sub" / "x": False,  # what a protected link leads to is protected
        outside / "x": False,
        tmp_path / "w2": False,
    }
    found = {path: may_write(str(path), policy, cwd=str(workspace)) for path in expected}
    assert found == expected


def test_read_only_forbids_and_full_access_allows_every_file() -> None:
    assert not may_write("/tmp/x", ReadOnly(), cwd="/tmp")
    assert may_write("/etc/x", DangerFullAccess(), cwd="/tmp")
    assert may_write("/etc/x", ExternalSandbox(), cwd="/tmp")
