"""What follows from a sandbox policy before anything runs."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadOnly,
    SandboxPolicy,
    WorkspaceWrite,
    WritableRoot,
    from_plain,
    has_network,
    is_writable,
    to_plain,
    writable_roots,
)


@pytest.mark.parametrize(
    ("policy", "plain"),
    [
        (DangerFullAccess(), {"type": "danger-full-access"}),
        (ReadOnly(), {"type": "read-only"}),
        (ReadOnly(network_access=True), {"type": "read-only", "network_access": True}),
        (
            WorkspaceWrite(writable_roots=("/a",), exclude_slash_tmp=True),
            {
                "type": "workspace-write",
                "writable_roots": ["/a"],
                "network_access": False,
                "exclude_tmpdir_env_var": False,
                "exclude_slash_tmp": True,
            },
        ),
        (ExternalSandbox(), {"type": "external-sandbox", "network_access": "restricted"}),
        (ExternalSandbox(network_access=True), {"type": "external-sandbox", "network_access": "enabled"}),
    ],
)
def test_a_policy_survives_a_rollout(policy: SandboxPolicy, plain: dict[str, Any]) -> None:
    assert to_plain(policy) == plain
    assert from_plain(plain) == policy


def test_what_is_no_policy_is_refused() -> None:
    for value in ({}, {"type": "dangerFullAccess"}, {"type": "workspace-write", "writable_roots": 1}):
        with pytest.raises(msgspec.ValidationError):
            from_plain(value)


def test_only_full_access_and_an_explicit_wish_open_the_network() -> None:
    offline = [ReadOnly(), WorkspaceWrite(), ExternalSandbox()]
    online = [DangerFullAccess(), *(msgspec.structs.replace(policy, network_access=True) for policy in offline)]
    assert [has_network(policy) for policy in offline] == [False] * 3
    assert [has_network(policy) for policy in online] == [True] * 4


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
    found = {path: is_writable(str(path), policy, cwd=str(workspace), tmpdir=None) for path in expected}
    assert found == expected


def test_read_only_forbids_and_full_access_allows_every_file() -> None:
    assert not is_writable("/tmp/x", ReadOnly(), cwd="/tmp", tmpdir="/tmp")
    assert is_writable("/etc/x", DangerFullAccess(), cwd="/tmp", tmpdir="/tmp")
    assert is_writable("/etc/x", ExternalSandbox(), cwd="/tmp", tmpdir="/tmp")
