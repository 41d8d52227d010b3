"""What is found out about the machine, and what is said when it cannot sandbox."""

import sys
from pathlib import Path

import pytest

from codex_trio.sandbox.command import wrap
from codex_trio.sandbox.errors import SandboxUnavailable
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, ReadOnly, WorkspaceWrite
from codex_trio.sandbox.probe import Bubblewrap, SandboxProbe, probe_sandbox

NOTHING = SandboxProbe(
    python=sys.executable,
    available=(),
    failures={"bubblewrap": "not found on PATH", "namespaces": "unshare: Operation not permitted"},
)


def test_this_machine_can_sandbox_and_says_what_it_cannot_promise(machine: SandboxProbe) -> None:
    found = machine
    assert found.problem is None, "no mechanism works here, so the other sandbox tests would all be skipped"
    assert set(found.available) | set(found.failures) == {"bubblewrap", "namespaces", "landlock"}
    assert found.mechanism == found.available[0]
    assert (found.notices == ()) == (found.mechanism == "bubblewrap")


async def test_without_bubblewrap_our_own_helper_takes_over(tmp_path: Path) -> None:
    found = await probe_sandbox(search_path=str(tmp_path))
    assert found.failures["bubblewrap"] == "not found on PATH"
    assert found.mechanism in ("namespaces", "landlock", None)


async def test_a_bubblewrap_that_does_not_work_is_told_apart_from_one_that_is_missing(tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    program.chmod(0o755)
    found = await probe_sandbox(search_path=f"relative:{tmp_path}", mechanisms=("bubblewrap",))
    assert found.failures == {"bubblewrap": "bwrap: setting up uid map: Permission denied"}


async def test_a_helper_that_cannot_start_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    found = await probe_sandbox(
        search_path="", python=str(tmp_path / "no-python"), mechanisms=("namespaces", "landlock")
    )
    assert found.available == ()
    assert all("No such file or directory" in reason for reason in found.failures.values())


@pytest.mark.parametrize("policy", [ReadOnly(), WorkspaceWrite(), ReadOnly(network_access=True)])
def test_a_policy_that_cannot_be_enforced_is_refused_with_every_reason(policy: ReadOnly | WorkspaceWrite) -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        wrap(["true"], policy, cwd="/", tmpdir=None, probe=NOTHING)
    assert str(caught.value) == (
        "no sandbox works on this machine: bubblewrap: not found on PATH; namespaces: unshare: Operation not permitted"
    )


@pytest.mark.parametrize("policy", [DangerFullAccess(), ExternalSandbox()])
def test_policies_that_need_no_sandbox_run_the_command_as_it_is(policy: DangerFullAccess | ExternalSandbox) -> None:
    wrapped = wrap(["true", "x"], policy, cwd="/", tmpdir=None, probe=NOTHING)
    assert (wrapped.argv, wrapped.mechanism, wrapped.placeholders, wrapped.inherited) == (("true", "x"), None, (), {})


def test_a_terminal_gets_the_mechanism_that_survives_what_is_typed() -> None:
    probe = SandboxProbe(
        python=sys.executable,
        available=("bubblewrap", "namespaces", "landlock"),
        bubblewrap=Bubblewrap(path="/usr/bin/bwrap", mounts_proc=True),
    )
    assert wrap(["true"], ReadOnly(), cwd="/", tmpdir=None, probe=probe, tty=True).mechanism == "namespaces"
    assert wrap(["true"], ReadOnly(), cwd="/", tmpdir=None, probe=probe).mechanism == "bubblewrap"


def test_a_bubblewrap_that_commands_could_replace_is_not_trusted(tmp_path: Path) -> None:
    probe = SandboxProbe(
        python=sys.executable,
        available=("bubblewrap", "namespaces"),
        bubblewrap=Bubblewrap(path=str(tmp_path / "bin" / "bwrap"), mounts_proc=True),
    )
    policy = WorkspaceWrite(exclude_slash_tmp=True)
    assert wrap(["true"], policy, cwd=str(tmp_path), tmpdir=None, probe=probe).mechanism == "namespaces"
    assert wrap(["true"], ReadOnly(), cwd=str(tmp_path), tmpdir=None, probe=probe).mechanism == "bubblewrap"
