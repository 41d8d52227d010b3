"""What a client asks of a thread that is to start or resume, and the settings that follow.

Owns the options value and how configuration, recorded settings and options make the thread's settings. Does not own
request params (processors) or the configuration (config).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.settings import (
    ActiveProfile,
    EffectiveConfig,
    SandboxMode,
    SandboxWorkspaceWrite,
    TypedOverrides,
)
from codex_trio.engine.settings import Personality, ThreadSettings
from codex_trio.environments.selection import LOCAL_ONLY, EnvironmentSelection
from codex_trio.sandbox import policy as sandbox
from codex_trio.state.history.values import HistoryFacts
from codex_trio.threads.recorded_settings import RecordedSettings, recorded_settings


class ThreadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of `thread/start|resume|fork`; `overrides` is the request's `config` map."""

    cwd: Path | None = None
    workspace_roots: tuple[str, ...] | None = None
    environments: tuple[EnvironmentSelection, ...] | None = None
    """Where the thread is to work; None leaves that to the server."""
    overrides: Mapping[str, Any] | None = None
    typed: TypedOverrides = TypedOverrides()
    personality: Personality | None = None
    thread_source: Any = None
    daybreak_enabled: bool | None = None
    """A choice that the client keeps with the thread."""
    project_id: str | None = None
    ephemeral: bool = False
    raw_items: bool = False
    dynamic_tools: list[dict[str, Any]] | None = None
    """What the client brings along for the model, in the form that rollouts keep."""


def settings_from_config(
    config: EffectiveConfig,
    options: ThreadOptions,
    *,
    default_model: str,
    usual_environments: tuple[EnvironmentSelection, ...] = LOCAL_ONLY,
) -> ThreadSettings:
    """Return the settings of a new thread."""
    return ThreadSettings(
        model=config.model or default_model,
        provider_id=config.model_provider_id,
        cwd=config.cwd,
        approval_policy=config.approval_policy,
        approvals_reviewer=config.approvals_reviewer,
        sandbox_policy=sandbox_of(config),
        active_profile=config.permission_profile,
        workspace_roots=options.workspace_roots,
        configured_roots=_configured_roots(config),
        environments=usual_environments if options.environments is None else options.environments,
        effort=config.model_reasoning_effort,
        summary=config.model_reasoning_summary,
        service_tier=config.service_tier,
        personality=options.personality or config.merged.get("personality"),
        developer_instructions=config.developer_instructions,
        base_instructions=config.base_instructions,
    )


def settings_of_fork(history: HistoryFacts, configured: ThreadSettings, options: ThreadOptions) -> ThreadSettings:
    """Return the settings of a thread that goes on from another: as recorded, but for the model and what is asked for
    anew.
    """
    inherited = settings_from_history(history, configured, options)
    return msgspec.structs.replace(
        inherited, model=configured.model, effort=configured.effort, service_tier=configured.service_tier
    )


def settings_from_history(history: HistoryFacts, configured: ThreadSettings, options: ThreadOptions) -> ThreadSettings:
    """Return the settings of a thread that goes on: as it was recorded, but for what the request asks for anew."""
    typed = options.typed
    recorded = recorded_settings(history)
    changes: dict[str, Any] = {}
    if recorded.cwd and options.cwd is None:
        changes["cwd"] = Path(recorded.cwd)
    if recorded.provider_id and typed.model_provider is None:
        changes["provider_id"] = recorded.provider_id
    if recorded.model and typed.model is None:
        changes["model"] = recorded.model
        changes["effort"] = recorded.effort
    if recorded.mode is not None:
        changes["collaboration_mode"] = recorded.mode
    if recorded.service_tier is not None and typed.service_tier is None:
        changes["service_tier"] = recorded.service_tier
    if recorded.reviewer is not None and typed.approvals_reviewer is None:
        changes["approvals_reviewer"] = recorded.reviewer
    if recorded.summary is not None:
        changes["summary"] = recorded.summary
    if recorded.personality is not None and options.personality is None:
        changes["personality"] = recorded.personality
    if recorded.environments is not None and options.cwd is None:
        changes["environments"] = recorded.environments
    return msgspec.structs.replace(configured, **changes, **_recorded_policies(recorded, options))


def _recorded_policies(recorded: RecordedSettings, options: ThreadOptions) -> dict[str, Any]:
    """Return what the thread may do, where the request does not say."""
    changes: dict[str, Any] = {}
    policy = recorded.sandbox_policy
    asked_anew = options.typed.sandbox_mode is not None or "default_permissions" in (options.overrides or {})
    if policy is not None and not asked_anew:
        changes["active_profile"] = recorded.active_profile
        if isinstance(policy, sandbox.WorkspaceWrite):
            if options.workspace_roots is None:
                changes["workspace_roots"] = policy.workspace_roots
            policy = msgspec.structs.replace(policy, workspace_roots=None)
        changes["sandbox_policy"] = policy
    if recorded.approval_policy is not None and options.typed.approval_policy is None:
        changes["approval_policy"] = recorded.approval_policy
    return changes


def sandbox_of(config: EffectiveConfig) -> sandbox.SandboxPolicy:
    """Return the policy that a configuration stands for."""
    profile = config.permission_profile
    if profile is not None:
        return sandbox_from_profile(profile, config.sandbox_workspace_write)
    return sandbox_from_mode(config.sandbox_mode, config.sandbox_workspace_write)


def sandbox_from_profile(profile: ActiveProfile, workspace: SandboxWorkspaceWrite) -> sandbox.SandboxPolicy:
    """Return the policy that a permission profile stands for."""
    rights = profile.rights
    if rights is None:
        return sandbox_from_mode(profile.kind, workspace)
    limits = sandbox.SandboxLimits(
        denied=rights.denied,
        read_only=rights.read_only,
        opens_workspace=rights.opens_workspace,
        scan_depth=rights.scan_depth,
        readable=None
        if rights.readable is None
        else sandbox.ReadableParts(paths=rights.readable, system=rights.reads_system),
        hosts=None if rights.hosts is None else sandbox.HostLimits(own=rights.hosts),
    )
    if not rights.writes:
        return sandbox.ReadOnly(network_access=rights.network_access, limits=limits)
    return sandbox.WorkspaceWrite(
        writable_roots=(*rights.writable, *(rights.more_roots if rights.opens_workspace else ())),
        network_access=rights.network_access,
        exclude_tmpdir_env_var=not rights.opens_tmpdir,
        exclude_slash_tmp=not rights.opens_slash_tmp,
        limits=limits,
    )


def _configured_roots(config: EffectiveConfig) -> tuple[str, ...]:
    """Return the folders to work in besides the thread's own."""
    profile = config.permission_profile
    if profile is not None and profile.rights is not None:
        return profile.rights.more_roots
    return config.sandbox_workspace_write.writable_roots


def sandbox_from_mode(mode: SandboxMode, workspace: SandboxWorkspaceWrite) -> sandbox.SandboxPolicy:
    """Return the policy that a configured mode stands for."""
    match mode:
        case "danger-full-access":
            return sandbox.DangerFullAccess()
        case "read-only":
            return sandbox.ReadOnly()
        case "workspace-write":
            return sandbox.WorkspaceWrite(
                writable_roots=workspace.writable_roots,
                network_access=workspace.network_access,
                exclude_tmpdir_env_var=workspace.exclude_tmpdir_env_var,
                exclude_slash_tmp=workspace.exclude_slash_tmp,
            )
