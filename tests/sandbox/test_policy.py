"""What follows from a sandbox policy before anything runs."""

from typing import Any

import msgspec
import pytest

from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadOnly,
    SandboxPolicy,
    WorkspaceWrite,
    from_plain,
    has_network,
    to_plain,
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
