"""What may be done beyond a policy: how grants compare, and the policies that follow from them."""

import pytest

from codex_trio.sandbox.additional import (
    NOTHING,
    AdditionalPermissions,
    covers,
    joined,
    limited,
    with_additional,
)
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    ReadableParts,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    has_network,
    limits_of,
)


def may(*, read: str = "", write: str = "", denied: str = "", network: bool = False) -> AdditionalPermissions:
    return AdditionalPermissions(
        network=network, read=tuple(read.split()), write=tuple(write.split()), denied=tuple(denied.split())
    )


@pytest.mark.parametrize(
    ("asked", "answered", "granted"),
    [
        (may(write="/w"), may(write="/w"), may(write="/w")),
        (may(write="/w"), may(write="/w/sub /other /", network=True), may(write="/w/sub")),
        (may(write="/w"), may(write="/wide"), NOTHING),
        (may(write="/w"), may(read="/w/a"), may(read="/w/a")),
        (may(read="/r"), may(write="/r"), NOTHING),
        (may(read="/r"), may(read="/r/.git/config"), may(read="/r/.git/config")),
        (may(write="/w"), may(write="/w/.git /w/a/.codex/x"), NOTHING),
        (may(write="/w/.git"), may(write="/w/.git /w/.git/hooks"), may(write="/w/.git /w/.git/hooks")),
        (may(write="/"), may(write="/a /.aws"), may(write="/a")),
        (may(network=True), may(network=True), may(network=True)),
        (may(network=True), NOTHING, NOTHING),
        (may(write="/w"), may(write="/w", denied="/w/s"), may(write="/w", denied="/w/s")),
    ],
)
def test_never_more_than_was_asked_for(
    asked: AdditionalPermissions, answered: AdditionalPermissions, granted: AdditionalPermissions
) -> None:
    assert limited(answered, asked) == granted


@pytest.mark.parametrize(
    ("granted", "wanted", "is_covered"),
    [
        (NOTHING, NOTHING, True),
        (NOTHING, may(network=True), False),
        (may(write="/w"), may(read="/w/a", write="/w/b"), True),
        (may(write="/w"), may(write="/w/.git"), False),
        (may(read="/w"), may(write="/w"), False),
        (may(write="/w", denied="/w/s"), may(write="/w"), False),
        (may(write="/w", denied="/w/s"), NOTHING, True),
    ],
)
def test_what_was_granted_before_need_not_be_asked_for(
    granted: AdditionalPermissions, wanted: AdditionalPermissions, *, is_covered: bool
) -> None:
    assert covers(granted, wanted) is is_covered


def test_grants_add_up() -> None:
    both = joined(may(read="/a", write="/w", denied="/w/s"), may(read="/a /b", network=True))
    assert both == may(read="/a /b", write="/w", denied="/w/s", network=True)


def test_a_policy_is_widened_by_as_much_and_no_more() -> None:
    asked = may(read="/r", write="/w", network=True)
    assert with_additional(ReadOnly(), asked) == WorkspaceWrite(
        writable_roots=("/w",),
        network_access=True,
        exclude_tmpdir_env_var=True,
        exclude_slash_tmp=True,
        workspace_roots=(),
    )
    assert with_additional(WorkspaceWrite(writable_roots=("/v",)), may(write="/w")) == WorkspaceWrite(
        writable_roots=("/v", "/w")
    )
    assert with_additional(ReadOnly(), may(read="/r")) == ReadOnly()
    assert has_network(with_additional(ReadOnly(), may(network=True)))
    limited_policy = ReadOnly(limits=SandboxLimits(denied=("/r/s",), readable=ReadableParts(paths=("/a",))))
    limits = limits_of(with_additional(limited_policy, may(read="/r", denied="/r/t")))
    assert limits == SandboxLimits(denied=("/r/s", "/r/t"), readable=ReadableParts(paths=("/a", "/r")))


@pytest.mark.parametrize("policy", [DangerFullAccess(), ExternalSandbox()])
def test_policies_that_are_not_enforced_here_stay_as_they_are(policy: SandboxPolicy) -> None:
    assert with_additional(policy, may(write="/w", network=True)) == policy
