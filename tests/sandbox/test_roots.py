"""Where commands and patches of a thread may write."""

from pathlib import Path

import pytest

from codex_trio.sandbox.errors import RootChanged
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, ReadOnly, SandboxPolicy, WorkspaceWrite
from codex_trio.sandbox.roots import GuardedPaths, RootAnchors, WritableRoot, writable_roots


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
        workspace / "elsewhere" / ".codex" / "config.toml": False,
        workspace / "elsewhere" / ".codex": False,
        workspace / "elsewhere" / ".codexes": True,
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


def test_a_workspace_that_was_replaced_is_refused_and_the_way_out_is_named(tmp_path: Path) -> None:
    workspace, elsewhere = tmp_path / "build" / "repo", tmp_path / "home"
    workspace.mkdir(parents=True)
    elsewhere.mkdir()
    anchors = RootAnchors()
    policy = WorkspaceWrite(exclude_slash_tmp=True)
    anchors.note(policy, cwd=str(workspace), tmpdir=None)
    workspace.parent.rename(tmp_path / "away")
    workspace.parent.mkdir()
    workspace.symlink_to(elsewhere)
    for path in (elsewhere / "x", workspace / "x"):
        with pytest.raises(RootChanged, match="start a new thread"):
            may_write(str(path), policy, cwd=str(workspace), anchors=anchors)
    workspace.unlink()
    workspace.mkdir()
    with pytest.raises(RootChanged, match="another folder has taken its place"):
        anchors.roots(policy, cwd=str(workspace), tmpdir=None)


@pytest.mark.parametrize("how", ["TMPDIR", "a further root"])
def test_another_root_may_be_made_anew_but_not_lead_elsewhere(tmp_path: Path, how: str) -> None:
    workspace, elsewhere = tmp_path / "w", tmp_path / "home"
    other = workspace / "deep" / "other"
    other.mkdir(parents=True)
    elsewhere.mkdir()
    roots = (str(other),) if how == "a further root" else ()
    policy = WorkspaceWrite(writable_roots=roots, exclude_slash_tmp=True)
    anchors, tmpdir = RootAnchors(), str(other) if how == "TMPDIR" else None
    before = anchors.roots(policy, cwd=str(workspace), tmpdir=tmpdir)
    other.rename(workspace / "kept")
    assert [root.path for root in anchors.roots(policy, cwd=str(workspace), tmpdir=tmpdir)] == [str(workspace)]
    other.mkdir()
    assert anchors.roots(policy, cwd=str(workspace), tmpdir=tmpdir) == before
    other.rmdir()
    other.symlink_to(elsewhere)
    with pytest.raises(RootChanged):
        anchors.roots(policy, cwd=str(workspace), tmpdir=tmpdir)


def test_a_root_that_did_not_exist_may_appear_but_not_as_a_link(tmp_path: Path) -> None:
    cache, policy = (
        tmp_path / "cache",
        WorkspaceWrite(writable_roots=(str(tmp_path / "cache"),), exclude_slash_tmp=True),
    )
    (tmp_path / "w").mkdir()
    anchors = RootAnchors()
    anchors.note(policy, cwd=str(tmp_path / "w"), tmpdir=None)
    cache.mkdir()
    assert may_write(str(cache / "x"), policy, cwd=str(tmp_path / "w"), anchors=anchors)
    cache.rmdir()
    cache.symlink_to("/")
    with pytest.raises(RootChanged):
        may_write("/etc/x", policy, cwd=str(tmp_path / "w"), anchors=anchors)


def test_what_is_the_servers_own_is_closed_wherever_it_lies(tmp_path: Path) -> None:
    home, worktree = tmp_path / "u" / ".codex", tmp_path / "u" / ".codex" / "worktrees" / "w"
    worktree.mkdir(parents=True)
    (tmp_path / "way").symlink_to(home)
    anchors = RootAnchors(GuardedPaths(read_only=(str(home),)))
    policy = WorkspaceWrite(writable_roots=(str(worktree), str(home)), exclude_slash_tmp=True)
    expected = {
        home / "config.toml": False,
        home / "rules" / "new.rules": False,
        tmp_path / "way" / "auth.json": False,
        home: False,
        worktree / "x": True,
        tmp_path / "u" / "x": True,
    }
    found = {path: may_write(str(path), policy, cwd=str(tmp_path), anchors=anchors) for path in expected}
    assert found == expected


def test_a_protected_link_is_closed_with_every_link_that_it_leads_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "step").symlink_to("real")
    (tmp_path / ".git").symlink_to("step")
    (tmp_path / ".codex").symlink_to("/etc")
    (tmp_path / "other").symlink_to("real")
    closed = [".git", ".git/config", "step", "step/x", "real", "real/x", "other/x", ".codex", ".codex/hosts"]
    found = {name: may_write(str(tmp_path / name), WorkspaceWrite(), cwd=str(tmp_path)) for name in closed}
    assert found == dict.fromkeys(closed, False)
    # The link itself could go, if what it leads to could be written.
    assert may_write(str(tmp_path / "file"), WorkspaceWrite(), cwd=str(tmp_path))


def test_the_settings_above_a_workspace_in_its_repository_are_closed_too(tmp_path: Path) -> None:
    repository, workspace = tmp_path / "r", tmp_path / "r" / "packages" / "app"
    workspace.mkdir(parents=True)
    (repository / ".git").mkdir()
    (repository / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    policy = WorkspaceWrite(writable_roots=(str(tmp_path),), exclude_slash_tmp=True)
    expected = {
        ".git/config": False,
        ".codex/config.toml": False,
        "packages/.codex/config.toml": False,
        "packages/app/.codex/config.toml": False,
        "packages/app/sub/.codex/config.toml": False,
        "other/.codex/config.toml": False,
        "packages/x": True,
    }
    found = {path: may_write(str(repository / path), policy, cwd=str(workspace)) for path in expected}
    assert found == expected


def test_all_of_a_worktrees_repository_is_closed(tmp_path: Path) -> None:
    main, worktree = tmp_path / "main.git", tmp_path / "wt"
    (main / "worktrees" / "wt").mkdir(parents=True)
    (main / "worktrees" / "wt" / "commondir").write_text("../..\n")
    (main / "worktrees" / "wt" / "HEAD").write_text("ref: refs/heads/m\n")
    worktree.mkdir()
    (worktree / ".git").write_text(f"gitdir: {main}/worktrees/wt\n")
    policy = WorkspaceWrite(writable_roots=(str(tmp_path),), exclude_slash_tmp=True)
    for path in ("hooks/post-checkout", "config", "worktrees/wt/config.worktree"):
        assert not may_write(str(main / path), policy, cwd=str(worktree))
    assert may_write(str(tmp_path / "x"), policy, cwd=str(worktree))


@pytest.mark.parametrize("content", ["gitdir: \0x", "gitdir:", "", "x" * 100_000, "gitdir: ../gone"])
def test_an_odd_git_file_does_no_harm(tmp_path: Path, content: str) -> None:
    (tmp_path / ".git").write_text(content)
    assert may_write(str(tmp_path / "x"), WorkspaceWrite(), cwd=str(tmp_path))
    assert not may_write(str(tmp_path / ".git"), WorkspaceWrite(), cwd=str(tmp_path))
