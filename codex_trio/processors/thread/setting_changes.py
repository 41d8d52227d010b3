"""Changes to what later turns of a thread run with: from request params to settings.

Owns the translation. Used by the processors of `turn/start` and `thread/settings/update`, which
take the same settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec
from codex_trio_protocol.v2 import turn as wire_turn
from codex_trio_protocol.v2.thread_settings import ThreadSettingsUpdateParams
from msgspec import UNSET, UnsetType

from codex_trio.config.permission_profiles import find_profile
from codex_trio.config.requirements import NotAllowed
from codex_trio.config.service import ConfigService
from codex_trio.config.service_tiers import canonical_tier
from codex_trio.config.settings import ActiveProfile
from codex_trio.engine import modes
from codex_trio.engine.settings import TurnOverrides
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.rpc.errors import invalid_request
from codex_trio.sandbox.policy import SandboxPolicy
from codex_trio.threads.allowed import check_change, held_to
from codex_trio.threads.live import LiveThread
from codex_trio.threads.options import sandbox_from_profile
from codex_trio.wire.environments import environments_from_wire
from codex_trio.wire.policies import (
    approval_from_wire,
    reviewer_from_wire,
    sandbox_from_wire,
)

_Params: TypeAlias = wire_turn.TurnStartParams | ThreadSettingsUpdateParams


class SettingChanges:
    def __init__(self, config: ConfigService, environments: EnvironmentManager) -> None:
        self._config = config
        self._environments = environments

    def overrides(self, params: _Params, live: LiveThread) -> TurnOverrides:
        """Return what the params change. Raises RpcError, ConfigLoadError, UnusableEnvironment, NotAllowed."""
        if params.permissions is not None and params.sandbox_policy is not None:
            raise invalid_request("`permissions` cannot be combined with `sandboxPolicy`")
        mode = params.collaboration_mode
        if mode is not None and mode.mode not in modes.KNOWN:
            # The model would not know of it, and would begin to edit where it is to do something else.
            raise invalid_request(
                f"`collaborationMode.mode` `{mode.mode}` is not supported by this server: leave it out, or use "
                "`default` with instructions of your own in `settings.developer_instructions`"
            )
        choice = None
        if params.environments is not None:
            choice = self._environments.choose(environments_from_wire(params.environments))
        cwd = None if choice is None or choice.cwd is None else Path(choice.cwd)
        if cwd is None and params.cwd is not None:
            cwd = self._config.resolve_cwd(Path(params.cwd))
        named_roots = params.runtime_workspace_roots if isinstance(params, wire_turn.TurnStartParams) else None
        roots: tuple[str, ...] | UnsetType | None = UNSET
        if named_roots is not None:
            roots = tuple(named_roots)
        elif choice is not None and choice.cwd is not None:
            roots = choice.workspace_roots
        policy, profile = self._sandbox(params, live)
        change = TurnOverrides(
            model=(None if mode is None else mode.settings.model) or params.model,
            cwd=cwd,
            workspace_roots=roots,
            environments=None if choice is None else choice.environments,
            approval_policy=None if params.approval_policy is None else approval_from_wire(params.approval_policy),
            approvals_reviewer=reviewer_from_wire(params.approvals_reviewer),
            sandbox_policy=policy,
            active_profile=profile,
            effort=params.effort or (UNSET if mode is None else mode.settings.reasoning_effort),
            summary=params.summary,
            # Null takes back what was asked for before. It is told as null, not as `default` (0.169.0), which clients
            # written for older releases do not know.
            service_tier=canonical_tier(params.service_tier) if params.service_tier else params.service_tier,
            personality=params.personality,
            collaboration_mode=None if mode is None else msgspec.to_builtins(mode),
        )
        return allowed_change(change, live, self._config)

    def _sandbox(
        self, params: _Params, live: LiveThread
    ) -> tuple[SandboxPolicy | None, ActiveProfile | UnsetType | None]:
        """Return what is asked for by policy or by the name of a permission profile. Raises ConfigLoadError."""
        if params.sandbox_policy is not None:
            return sandbox_from_wire(params.sandbox_policy), None
        if params.permissions is None:
            return None, UNSET
        config = live.config
        profile = find_profile(params.permissions, config.merged, home=self._config.paths.home)
        for warning in profile.warnings:
            live.warn(warning)
        return sandbox_from_profile(profile, config.sandbox_workspace_write), profile


def allowed_change(change: TurnOverrides, live: LiveThread, config: ConfigService) -> TurnOverrides:
    """Return the change, together with what is to be changed because it is not allowed any more.

    Raises RpcError for what is not allowed, ConfigLoadError when nobody can tell.
    """
    requirements = config.requirements()
    try:
        check_change(change, live.settings, requirements)
    except NotAllowed as error:
        raise invalid_request(f"invalid thread settings override: {error}") from error
    after = change.apply(live.settings)
    held = held_to(after, requirements)
    for warning in held.warnings:
        live.warn(warning)
    return msgspec.structs.replace(change, **held.taken_back(after))
