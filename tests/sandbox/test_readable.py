"""Policies that let only some of the files be read: what commands see, by every launcher, and what the server reads."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sandbox_lab import SandboxLab

from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import (
    ReadableParts,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    from_plain,
    outside,
    to_plain,
)
from codex_trio.sandbox.roots import may_read


def reading(*paths: str, denied: Sequence[str] = ()) -> ReadOnly:
    return ReadOnly(limits=SandboxLimits(denied=tuple(denied), readable=ReadableParts(paths=paths, system=True)))


def writing(*roots: str, reads: Sequence[str] = (), denied: Sequence[str] = ()) -> WorkspaceWrite:
    readable = ReadableParts(paths=tuple(reads), system=True)
    return WorkspaceWrite(
        writable_roots=roots,
        exclude_slash_tmp=True,
        exclude_tmpdir_env_var=True,
        limits=SandboxLimits(denied=tuple(denied), readable=readable),
    )


async def test_nothing_is_read_but_the_system_and_what_is_named(lab: SandboxLab) -> None:
    (lab.workspace / "own").write_text("here\n")
    (lab.outside / "more").mkdir()
    (lab.outside / "more" / "file").write_text("more\n")
    secret, more = f"cat {lab.outside}/secret", f"cat {lab.outside}/more/file"
    scripts = (secret, more, "cat own", "echo x >own", f"ls {lab.outside}", "test -r /etc/passwd", "echo x >/dev/null")

    assert await lab.what_works(reading("."), *scripts) == ["cat own", "test -r /etc/passwd", "echo x >/dev/null"]
    named = reading(".", str(lab.outside / "more"))
    assert await lab.what_works(named, secret, more, f"touch {lab.outside}/more/new") == [more]
    assert await lab.what_works(reading(str(lab.outside), "."), secret, more) == [secret, more]


async def test_what_may_be_written_may_be_read_and_nothing_around_it(lab: SandboxLab) -> None:
    (lab.workspace / "own").write_text("here\n")
    scripts = ("cat own && echo new >own && grep -q new own", f"cat {lab.outside}/secret", f"touch {lab.outside}/x")
    assert await lab.what_works(writing(), *scripts) == [scripts[0]]
    both = writing(str(lab.outside))
    assert await lab.what_works(both, *scripts[1:]) == [*scripts[1:]]


async def test_single_files_and_links_are_read_under_the_names_that_they_have(lab: SandboxLab) -> None:
    (lab.outside / "link").symlink_to("secret")
    (lab.outside / "other").write_text("top\n")
    policy = reading(".", str(lab.outside / "link"))
    scripts = (f"cat {lab.outside}/link", f"cat {lab.outside}/secret", f"cat {lab.outside}/other")
    assert await lab.what_works(policy, *scripts) == [*scripts[:2]]


async def test_what_is_denied_inside_of_it_is_not_read(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    for name in ("key", "open"):
        (lab.workspace / name).write_text(f"{name}\n")
    for policy in (reading(".", denied=["*.pem", "key"]), writing(denied=["key"])):
        assert (await lab.shell(policy, "cat open; cat key 2>/dev/null")).output == "open\n"


async def test_a_closed_root_holds_nothing_and_takes_nothing(mount_lab: SandboxLab) -> None:
    lab = mount_lab
    policy = writing()
    found = await lab.shell(policy, "for name in home root var srv opt work; do ls /$name 2>/dev/null; done; pwd")
    names = found.output.split()
    parts = {part for part in str(lab.workspace).split("/") if part}
    assert names[-1] == str(lab.workspace)
    assert set(names[:-1]) <= parts
    for script in ("touch /new", "mkdir /home/new", "touch /usr/new", f"touch {lab.workspace.parent}/new"):
        assert not await lab.can(policy, script), script


async def test_a_program_is_found_on_path_where_none_of_pythons_files_can_be_read(lab: SandboxLab) -> None:
    done = await lab.run(lab.request(writing(), "echo", "here"))
    assert (done.exit_code, done.output) == (0, "here\n")


async def test_where_a_command_is_to_run_has_to_be_readable(lab: SandboxLab) -> None:
    with pytest.raises(SandboxUnavailable, match=r"the permissions do not let `.*` be read"):
        lab.request(reading("/etc"), "/bin/true")


async def test_everything_is_no_part_of_anything(lab: SandboxLab) -> None:
    (lab.workspace / "all").symlink_to("/")
    with pytest.raises(SandboxUnavailable, match="leads to `/`, which is everything"):
        lab.request(reading(".", "all"), "/bin/true")


@pytest.mark.parametrize(
    ("policy", "readable"),
    [
        (reading("."), ["own", "/etc/passwd"]),
        (reading("/srv", denied=["/srv/key"]), ["/srv/x", "/etc/passwd"]),
        (ReadOnly(limits=SandboxLimits(readable=ReadableParts())), []),
        (ReadOnly(), ["own", "/srv/x", "/srv/key", "/etc/passwd"]),
    ],
)
def test_the_server_reads_no_more_for_a_model(tmp_path: Path, policy: SandboxPolicy, readable: list[str]) -> None:
    root = tmp_path.resolve()
    paths = ["own", "/srv/x", "/srv/key", "/etc/passwd"]
    assert [path for path in paths if may_read(str(root / path), policy, cwd=str(root))] == readable
    assert may_read("/open/x", policy, cwd=str(root), writable=["/open"])


def test_what_may_be_read_is_remembered_and_does_not_hold_outside_of_the_sandbox() -> None:
    policy = writing(reads=["."], denied=["/key"])
    assert from_plain(to_plain(policy)) == policy
    left = outside(policy)
    assert isinstance(left, WorkspaceWrite)
    assert left.limits == SandboxLimits(denied=("/key",))
