"""What a policy denies is not read: not by commands, wherever it lies and whatever it is called."""

from pathlib import Path

import pytest
from sandbox_lab import SandboxLab

from codex_trio.sandbox import denied
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    from_plain,
    outside,
    to_plain,
    with_denied,
)
from codex_trio.sandbox.roots import RootAnchors, may_read


def limited(limits: SandboxLimits, *, writes: bool) -> SandboxPolicy:
    if writes:
        return WorkspaceWrite(exclude_slash_tmp=True, limits=limits)
    return ReadOnly(limits=limits)


@pytest.mark.parametrize("writes", [True, False])
async def test_denied_files_and_folders_cannot_be_read(mount_lab: SandboxLab, *, writes: bool) -> None:
    lab = mount_lab
    for name in (".env", "deep/er/prod.env", "keys/a/key", "open.txt"):
        (lab.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.workspace / name).write_text(f"in {name}\n")
    (lab.outside / "way").symlink_to(lab.outside / "secret")
    policy = limited(
        SandboxLimits(denied=("**/*.env", "keys", str(lab.outside / "way"), str(lab.outside / "none"))), writes=writes
    )
    reads = ("cat .env", "cat deep/er/prod.env", "cat keys/a/key", f"cat {lab.outside}/secret", "cat open.txt")

    outcome = await lab.shell(policy, "\n".join(f"{script} 2>/dev/null" for script in reads))

    assert outcome.output == "in open.txt\n"
    (lab.workspace / ".env").read_text()  # It is still there for everybody else.


async def test_what_may_leave_the_sandbox_reads_nothing_that_is_denied(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    (lab.workspace / "key").write_text("top\n")
    policy = outside(ReadOnly(limits=SandboxLimits(denied=(str(lab.workspace / "key"),))))
    script = f"cat key 2>/dev/null; echo new >{lab.outside}/written && cat {lab.outside}/written"

    assert (await lab.shell(policy, script)).output == "new\n"
    assert outside(ReadOnly(limits=SandboxLimits(read_only=("a",)))) == DangerFullAccess()


async def test_parts_of_what_is_open_may_be_closed_and_opened_again(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    for name in ("docs", "docs/notes", "src"):
        (lab.workspace / name).mkdir()
    policy = WorkspaceWrite(
        exclude_slash_tmp=True, writable_roots=("docs/notes",), limits=SandboxLimits(read_only=("docs",))
    )
    scripts = ("touch src/a", "touch docs/a", "touch docs/notes/a", "mv docs other")
    assert await lab.what_works(policy, *scripts) == ["touch src/a", "touch docs/notes/a"]

    closed = WorkspaceWrite(
        exclude_slash_tmp=True, writable_roots=("src",), limits=SandboxLimits(opens_workspace=False)
    )
    assert await lab.what_works(closed, "touch src/b", "touch b") == ["touch src/b"]


async def test_a_mechanism_that_cannot_hide_files_runs_nothing(lab: SandboxLab) -> None:
    if lab.probe.mechanism != "landlock":
        return
    with pytest.raises(SandboxUnavailable, match="Landlock cannot keep files from being read"):
        lab.request(ReadOnly(limits=SandboxLimits(denied=("/x",))), "/bin/true")


async def test_what_leads_to_everything_is_refused_and_not_passed_over(mount_lab: SandboxLab) -> None:
    (mount_lab.workspace / "all").symlink_to("/")
    with pytest.raises(SandboxUnavailable, match="leads to `/`"):
        mount_lab.request(ReadOnly(limits=SandboxLimits(denied=("all",))), "/bin/true")


LINKS = {"cfg": "real", "key": "hop", "hop": "store/secret", "sub/x.env": "../store/open"}


async def test_links_on_the_way_to_what_is_denied_stay_in_place(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    for folder in ("real/sec", "store", "sub"):
        (lab.workspace / folder).mkdir(parents=True)
    for name in ("real/sec/key", "real/free", "store/secret", "store/open"):
        (lab.workspace / name).write_text(f"in {name}\n")
    for link, target in LINKS.items():
        (lab.workspace / link).symlink_to(target)
    policy = limited(SandboxLimits(denied=("cfg/sec", "key", "**/*.env")), writes=True)
    removals = [f"rm {link}" for link in LINKS] + [f"mv {link} away" for link in ("cfg", "hop", "sub")]
    reads = ["cat real/sec/key", "cat store/secret", "cat store/open", "cat cfg/sec/key"]

    if lab.probe.available == ("bubblewrap",):
        with pytest.raises(SandboxUnavailable, match="bubblewrap cannot keep the symbolic link"):
            lab.request(policy, "/bin/true")
        return
    attempts = (*removals, *reads, "grep -q free cfg/free", "touch sub/new cfg/new")
    works = ["grep -q free cfg/free", "touch sub/new cfg/new"]
    assert [script for script in await lab.what_works(policy, *attempts) if not script.startswith("cat")] == works
    for script in reads:
        assert (await lab.shell(policy, f"{script} 2>/dev/null")).output == "", script
    assert {link: str((lab.workspace / link).readlink()) for link in LINKS} == LINKS


def test_the_server_does_not_change_links_on_the_way_to_what_is_denied(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    for folder in ("real/sec", "real/open"):
        (root / folder).mkdir(parents=True)
    (root / "cfg").symlink_to("real")
    (root / "other").symlink_to("real")
    policy = with_denied(WorkspaceWrite(), (str(root / "cfg/sec"), "other/*.key"))
    anchors = RootAnchors()
    for name, is_open in (("cfg", False), ("other", False), ("cfg/open/x", True), ("real/open/x", True)):
        assert anchors.may_write(str(root / name), policy, cwd=str(root), tmpdir=None) is is_open, name


async def test_links_that_lead_nowhere_or_to_everything_keep_no_command_from_running(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    for name, target in (("loop", ".env"), ("two", "../three/.env"), ("three", "../two/.env"), ("all", "/")):
        (lab.workspace / name).mkdir()
        (lab.workspace / name / ".env").symlink_to(target)
    (lab.workspace / ".env").write_text("top\n")
    policy = limited(SandboxLimits(denied=("**/.env", "loop/.env", "two/.env/below")), writes=True)

    outcome = await lab.shell(policy, "for name in . loop two; do cat $name/.env 2>/dev/null; done; echo ran")

    assert outcome.output == "ran\n"


def test_nothing_in_the_server_reads_or_writes_it_either(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    policy = with_denied(WorkspaceWrite(), (str(root / "real"), "**/*.key"))
    for name, is_open in (("real/x", False), ("link/x", False), ("a/b.key", False), ("a/b.keys", True), ("c", True)):
        assert may_read(str(root / name), policy, cwd=str(root)) is is_open, name
        writes = RootAnchors().may_write(str(root / name), policy, cwd=str(root), tmpdir=None)
        assert writes is is_open, name


@pytest.mark.parametrize(
    ("pattern", "covered", "free"),
    [
        ("/a/**/*.env", ["/a/.env", "/a/b/c/x.env", "/a/x.env/below"], ["/b/x.env", "/a/env", "/a/x.env2"]),
        ("/a/*.log", ["/a/x.log"], ["/a/b/x.log"]),
        ("/a/**", ["/a/x", "/a/x/y"], ["/a", "/ab"]),
        ("/a/[!b]?", ["/a/cc"], ["/a/bc", "/a/c"]),
        ("/a/b", ["/a/b", "/a/b/c"], ["/a/bc"]),
        ("/a/[z-b]*", ["/a/[z-b]*"], ["/a/c"]),
    ],
)
def test_patterns(pattern: str, covered: list[str], free: list[str]) -> None:
    assert [path for path in covered + free if denied.is_covered(path, [pattern])] == covered


def test_patterns_are_looked_for_as_deep_as_is_said_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "a", tmp_path / "a" / "b"):
        (folder / "x.env").touch()
    pattern = f"{tmp_path}/**/*.env"
    assert len(denied.existing([pattern], depth=None)) == 3
    assert len(denied.existing([pattern], depth=2)) == 2
    assert denied.existing([f"{tmp_path}/nothing/**", f"{tmp_path}/none"], depth=None) == []
    with pytest.raises(SandboxUnavailable, match="more than 2 files to look at"):
        denied.existing([pattern], depth=None, most=2)


@pytest.mark.parametrize(
    "policy",
    [
        ReadOnly(limits=SandboxLimits(denied=("a",), roots=("/r",))),
        WorkspaceWrite(limits=SandboxLimits(read_only=("b",), opens_workspace=False, scan_depth=3)),
    ],
)
def test_limits_are_remembered(policy: SandboxPolicy) -> None:
    assert from_plain(to_plain(policy)) == policy
