"""Patches inside the writable folders are applied unasked; for others the approval policy counts."""

import pytest

from codex_trio.config.approval import Granular
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, WorkspaceWrite
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.tools.patch_policy import assess

WORKSPACE = WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
MUTE = Granular(sandbox_approval=False, rules=True, mcp_elicitations=True)
ASKS = Granular(sandbox_approval=True, rules=True, mcp_elicitations=True)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path


def judge(folder, paths, approval, policy):
    def may_write(path):
        return RootAnchors().may_write(path, policy, cwd=str(folder / "work"), tmpdir=None)

    return assess(paths, approval, policy, may_write=may_write)


@pytest.mark.parametrize(
    ("approval", "policy", "place", "kind"),
    [
        ("on-request", WORKSPACE, "work/new.txt", "apply"),
        ("on-request", WORKSPACE, "elsewhere.txt", "ask"),
        ("on-request", WORKSPACE, "work/.git/config", "ask"),
        ("on-request", ReadOnly(), "work/new.txt", "ask"),
        ("on-request", DangerFullAccess(), "elsewhere.txt", "apply"),
        ("untrusted", DangerFullAccess(), "work/new.txt", "ask"),
        ("never", WORKSPACE, "work/new.txt", "apply"),
        ("never", WORKSPACE, "elsewhere.txt", "reject"),
        (MUTE, WORKSPACE, "elsewhere.txt", "reject"),
        (ASKS, WORKSPACE, "elsewhere.txt", "ask"),
    ],
)
def test_where_a_patch_writes_decides_whether_it_is_asked_about(folder, approval, policy, place, kind):
    verdict = judge(folder, [str(folder / place)], approval, policy)
    assert verdict.kind == kind


def test_one_path_outside_is_enough_to_ask(folder):
    paths = [str(folder / "work" / "a"), str(folder / "b")]
    assert judge(folder, paths, "on-request", WORKSPACE).kind == "ask"


def test_a_link_out_of_the_workspace_does_not_count_as_inside(folder):
    (folder / "work" / "out").symlink_to(folder)
    verdict = judge(folder, [str(folder / "work" / "out" / "x")], "on-request", WORKSPACE)
    assert verdict.kind == "ask"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (WORKSPACE, "writing outside of the project; rejected by user approval settings"),
        (ReadOnly(), "writing is blocked by read-only sandbox; rejected by user approval settings"),
    ],
)
def test_a_refusal_says_why(folder, policy, reason):
    verdict = judge(folder, [str(folder / "x")], "never", policy)
    assert verdict.reason == reason
