"""What follows from a sandbox policy before anything runs."""

from typing import Any

import msgspec
import pytest

from codex_trio.config.requirements import NOTHING_REQUIRED, Required, Requirements
from codex_trio.config.settings import HostLists
from codex_trio.sandbox.additional import AdditionalPermissions, with_additional
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    HostLimits,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    from_plain,
    has_network,
    hosts_of,
    outside,
    to_plain,
)
from codex_trio.threads.allowed import with_required_limits


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


THEIRS = HostLists(source="/etc/req.toml", allowed=("theirs.test",))
OWN = HostLists(source="profile", allowed=("own.test",))


@pytest.mark.parametrize("own", [None, OWN])
@pytest.mark.parametrize("kind", [ReadOnly, WorkspaceWrite])
def test_hosts_that_an_administrator_requires_hold_wherever_there_is_a_network(
    kind: type[ReadOnly | WorkspaceWrite], own: HostLists | None
) -> None:
    required = Requirements(hosts=Required(THEIRS, "/etc/req.toml"))
    chosen = kind(network_access=True, limits=None if own is None else SandboxLimits(hosts=HostLimits(own=own)))

    held = with_required_limits(chosen, required)

    assert hosts_of(held) == HostLimits(own=own, required=THEIRS)
    assert from_plain(to_plain(held)) == held
    assert hosts_of(outside(held)) == HostLimits(required=THEIRS)
    # Who comes back to a machine where nothing is required any more has what was chosen.
    assert with_required_limits(held, NOTHING_REQUIRED) == chosen
    closed = with_required_limits(kind(), required)
    assert (has_network(closed), hosts_of(closed)) == (False, None)
    opened = with_additional(closed, AdditionalPermissions(network=True))
    assert hosts_of(opened) == hosts_of(outside(closed)) == HostLimits(required=THEIRS)


def test_a_policy_that_nobody_enforces_here_is_no_place_for_hosts() -> None:
    required = Requirements(hosts=Required(THEIRS, "/etc/req.toml"))
    for policy in (DangerFullAccess(), ExternalSandbox()):
        assert with_required_limits(policy, required) == policy
        assert "cannot keep commands to the hosts" in (required.mode_problem(to_plain(policy)["type"]) or "")
    assert not required.allows_full_access
