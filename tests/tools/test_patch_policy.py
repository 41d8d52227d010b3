"""Patches inside the writable folders are applied unasked; for others the approval policy counts."""

import pytest

from codex_trio.config.approval import Granular
from codex_trio.files.contents import NotWritable
from codex_trio.files.disk import DiskFiles
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, WorkspaceWrite
from codex_trio.sandbox.roots import RootAnchors
from codex_trio.tools.patch_policy import WritablePlaces, assess

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


def places(folder, approved=(), policy=WORKSPACE, anchors=None):
    anchors = anchors or RootAnchors()

    def may_write(path):
        return anchors.may_write(path, policy, cwd=str(folder / "work"), tmpdir=None)

    return WritablePlaces(frozenset(approved), may_write)


def test_what_is_written_at_last_is_where_the_sandbox_writes_or_where_the_user_was_asked(folder):
    outside = str(folder / "x")
    assert places(folder).admits(str(folder / "work" / "x"))
    assert not places(folder).admits(outside)
    assert places(folder, [outside]).admits(outside)
    assert not places(folder, [outside]).admits(str(folder / "y"))
    assert not places(folder).admits(str(folder / "work" / ".git" / "config"))


def test_nothing_is_put_beside_a_file_that_alone_may_be_written(folder):
    one = folder / "one"
    one.touch()
    policy = WorkspaceWrite(writable_roots=(str(one),), exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    assert places(folder, policy=policy).admits(str(one))
    assert not places(folder, policy=policy).admits_beside(str(one))
    assert places(folder).admits_beside(str(folder / "work" / "x"))
    assert places(folder, [str(folder / "x")]).admits_beside(str(folder / "x"))
    DiskFiles(places(folder, policy=policy)).write(str(one), b"new")
    assert one.read_bytes() == b"new"


def test_a_workspace_that_another_folder_has_taken_the_place_of_is_refused(folder):
    anchors = RootAnchors()
    anchors.note(WORKSPACE, cwd=str(folder / "work"), tmpdir=None)
    (folder / "work").rename(folder / "old")
    (folder / "work").mkdir()
    with pytest.raises(NotWritable, match="has been replaced since this thread began"):
        DiskFiles(places(folder, anchors=anchors)).write(str(folder / "work" / "x"), b"new")
