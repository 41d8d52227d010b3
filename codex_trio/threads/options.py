"""What a client asks of a thread that is to start or resume, and the settings that follow.

Owns the options value and how configuration, recorded settings and options make the thread's settings. Does not own
request params (processors) or the configuration (config).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config import approval
from codex_trio.config.settings import EffectiveConfig, TypedOverrides
from codex_trio.engine.settings import Personality, ThreadSettings
from codex_trio.sandbox import policy as sandbox
from codex_trio.state.rollout.history import ThreadHistory
from codex_trio.threads.policy_projection import sandbox_from_mode


class ThreadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of `thread/start|resume|fork`; `overrides` is the request's `config` map."""

    cwd: Path | None = None
    workspace_roots: tuple[str, ...] | None = None
    has_environment: bool = True
    overrides: Mapping[str, Any] | None = None
    typed: TypedOverrides = TypedOverrides()
    personality: Personality | None = None
    thread_source: Any = None
    ephemeral: bool = False
    raw_items: bool = False


def settings_from_config(config: EffectiveConfig, options: ThreadOptions, *, default_model: str) -> ThreadSettings:
    """The settings of a new thread."""
    return ThreadSettings(
        model=config.model or default_model,
        provider_id=config.model_provider_id,
        cwd=config.cwd,
        approval_policy=config.approval_policy,
        approvals_reviewer=config.approvals_reviewer,
        sandbox_policy=sandbox_from_mode(config.sandbox_mode, config.sandbox_workspace_write),
        workspace_roots=options.workspace_roots,
        has_environment=options.has_environment,
        effort=config.model_reasoning_effort,
        summary=config.model_reasoning_summary,
        service_tier=config.service_tier,
        personality=options.personality,
        developer_instructions=config.developer_instructions,
        base_instructions=config.base_instructions,
    )


def settings_of_fork(history: ThreadHistory, configured: ThreadSettings, options: ThreadOptions) -> ThreadSettings:
    """The settings of a thread that goes on from another: as recorded, but for the model and what is asked for anew."""
    inherited = settings_from_history(history, configured, options)
    return msgspec.structs.replace(
        inherited, model=configured.model, effort=configured.effort, service_tier=configured.service_tier
    )


def settings_from_history(history: ThreadHistory, configured: ThreadSettings, options: ThreadOptions) -> ThreadSettings:
    """The settings of a thread that goes on: as it was recorded, but for what the request asks for anew."""
    typed = options.typed
    recorded_settings = history.settings or {}
    changes: dict[str, Any] = {}
    context = history.turn_context
    if typed.service_tier is None and isinstance(recorded_settings.get("service_tier"), str):
        changes["service_tier"] = recorded_settings["service_tier"]
    if typed.approvals_reviewer is None and recorded_settings.get("approvals_reviewer") in ("user", "auto_review"):
        changes["approvals_reviewer"] = recorded_settings["approvals_reviewer"]
    meta = history.meta
    if meta is not None and options.cwd is None and meta.cwd:
        changes["cwd"] = Path(context.cwd if context is not None and context.cwd else meta.cwd)
    if meta is not None and meta.model_provider and typed.model_provider is None:
        changes["provider_id"] = meta.model_provider
    if context is not None:
        if context.model and typed.model is None:
            changes["model"] = context.model
            changes["effort"] = context.effort
        if typed.sandbox_mode is None and context.sandbox_policy is not None:
            recorded = _sandbox(context.sandbox_policy)
            if recorded is not None:
                if isinstance(recorded, sandbox.WorkspaceWrite):
                    if options.workspace_roots is None:
                        changes["workspace_roots"] = recorded.workspace_roots
                    recorded = msgspec.structs.replace(recorded, workspace_roots=None)
                changes["sandbox_policy"] = recorded
        if typed.approval_policy is None and context.approval_policy is not None:
            recorded_policy = _approval(context.approval_policy)
            if recorded_policy is not None:
                changes["approval_policy"] = recorded_policy
    return msgspec.structs.replace(configured, **changes)


def _sandbox(plain: Any) -> sandbox.SandboxPolicy | None:
    try:
        return sandbox.from_plain(plain)
    except (msgspec.ValidationError, AttributeError):
        return None


def _approval(plain: Any) -> Any:
    try:
        return approval.from_plain(plain)
    except msgspec.ValidationError:
        return None
