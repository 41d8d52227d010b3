"""Approval and sandbox policies between their domain and their wire form."""

from __future__ import annotations

from typing import Any

from codex_trio_protocol.v2 import permissions as wire

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.config.settings import ActiveProfile, ApprovalsReviewer
from codex_trio.sandbox import policy as domain


def approval_to_wire(policy: AskForApproval) -> Any:
    """Return the wire form; `on-failure` counts as `on-request` since 0.169.0."""
    if isinstance(policy, Granular):
        return wire.GranularAskForApproval(
            granular=wire.GranularApproval(
                mcp_elicitations=policy.mcp_elicitations,
                request_permissions=policy.request_permissions,
                rules=policy.rules,
                sandbox_approval=policy.sandbox_approval,
                skill_approval=policy.skill_approval,
            )
        )
    return "on-request" if policy == "on-failure" else policy


def approval_from_wire(policy: wire.AskForApproval) -> AskForApproval:
    """Return the domain form."""
    if isinstance(policy, str):
        return policy
    granular = policy.granular
    return Granular(
        sandbox_approval=granular.sandbox_approval,
        rules=granular.rules,
        skill_approval=granular.skill_approval,
        request_permissions=granular.request_permissions,
        mcp_elicitations=granular.mcp_elicitations,
    )


def reviewer_from_wire(reviewer: wire.ApprovalsReviewer | None) -> ApprovalsReviewer | None:
    """Return the domain form; `guardian_subagent` is what 0.131.0 calls `auto_review`."""
    return "auto_review" if reviewer == "guardian_subagent" else reviewer


def profile_to_wire(profile: ActiveProfile | None) -> wire.ActivePermissionProfile | None:
    """Return the permission profile in use."""
    return None if profile is None else wire.ActivePermissionProfile(id=profile.id, extends=profile.extends)


def sandbox_to_wire(policy: domain.SandboxPolicy) -> wire.SandboxPolicy:
    """Return the wire form."""
    match policy:
        case domain.DangerFullAccess():
            return wire.DangerFullAccessSandboxPolicy()
        case domain.ReadOnly():
            return wire.ReadOnlySandboxPolicy(network_access=policy.network_access)
        case domain.ExternalSandbox():
            return wire.ExternalSandboxSandboxPolicy(
                network_access="enabled" if policy.network_access else "restricted"
            )
        case domain.WorkspaceWrite():
            return wire.WorkspaceWriteSandboxPolicy(
                writable_roots=[*(policy.workspace_roots or ()), *policy.writable_roots],
                network_access=policy.network_access,
                exclude_tmpdir_env_var=policy.exclude_tmpdir_env_var,
                exclude_slash_tmp=policy.exclude_slash_tmp,
            )


def sandbox_from_wire(policy: wire.SandboxPolicy) -> domain.SandboxPolicy:
    """Return the domain form."""
    match policy:
        case wire.DangerFullAccessSandboxPolicy():
            return domain.DangerFullAccess()
        case wire.ReadOnlySandboxPolicy():
            return domain.ReadOnly(network_access=policy.network_access)
        case wire.ExternalSandboxSandboxPolicy():
            return domain.ExternalSandbox(network_access=policy.network_access == "enabled")
        case wire.WorkspaceWriteSandboxPolicy():
            return domain.WorkspaceWrite(
                writable_roots=tuple(policy.writable_roots),
                network_access=policy.network_access,
                exclude_tmpdir_env_var=policy.exclude_tmpdir_env_var,
                exclude_slash_tmp=policy.exclude_slash_tmp,
            )
