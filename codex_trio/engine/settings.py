"""What a thread runs with: model, place, and what it may do without asking.

Owns the settings value and how a turn's overrides change it for good. Does not own where settings come from (config,
rollout, request params). Built by the thread manager, read by the engine and the thread layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from codex_trio.config.approval import AskForApproval
from codex_trio.config.approval import to_plain as approval_to_plain
from codex_trio.config.settings import ActiveProfile, ApprovalsReviewer
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.selection import LOCAL_ONLY, EnvironmentSelection, selections_to_plain
from codex_trio.sandbox.policy import SandboxPolicy, WorkspaceWrite, with_roots
from codex_trio.sandbox.policy import to_plain as sandbox_to_plain
from codex_trio.state.rollout.events import ThreadSettingsApplied
from codex_trio.state.rollout.lines import TurnContext

ReasoningSummary: TypeAlias = Literal["auto", "concise", "detailed", "none"]
_NOT_REVIEWED = ("never", "on-failure", "untrusted")
_CLEARED_BY_NONE = ("active_profile", "effort", "service_tier", "workspace_roots")

Personality: TypeAlias = Literal["none", "friendly", "pragmatic"]


class ThreadSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a thread; `effort` and `summary` of None mean what the model's catalog entry says."""

    model: str
    provider_id: str
    cwd: Path
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox_policy: SandboxPolicy
    """As it was asked for; `confinement` is what holds."""
    active_profile: ActiveProfile | None = None
    """The permission profile that the sandbox policy comes from."""
    workspace_roots: tuple[str, ...] | None = None
    """The folders to work in, where a client said which; absolute."""
    configured_roots: tuple[str, ...] = ()
    """The folders to work in besides `cwd` where none did: those that the user's configuration opens."""
    environments: tuple[EnvironmentSelection, ...] = LOCAL_ONLY
    """Where the thread works; the first is meant unless something says otherwise. It may be nowhere."""
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    personality: Personality | None = None
    developer_instructions: str | None = None
    base_instructions: str | None = None
    collaboration_mode: dict[str, Any] | None = None

    @property
    def confinement(self) -> SandboxPolicy:
        """The sandbox policy with the folders that it is about."""
        policy = with_roots(self.sandbox_policy, tuple(self.roots))
        if self.workspace_roots is None or not isinstance(policy, WorkspaceWrite):
            return policy
        return msgspec.structs.replace(policy, workspace_roots=self.workspace_roots)

    @property
    def reviews_automatically(self) -> bool:
        """Whether a model decides about the approvals that are asked for."""
        return self.approvals_reviewer == "auto_review" and self.approval_policy not in _NOT_REVIEWED

    @property
    def roots(self) -> list[str]:
        """The folders to work in."""
        if self.workspace_roots is not None:
            return list(self.workspace_roots)
        return list(dict.fromkeys((str(self.cwd), *self.configured_roots)))

    def selected(self) -> list[EnvironmentSelection]:
        """Return the environments, each with the folder and the folders to work in that it has."""
        own = EnvironmentSelection(id="", cwd=str(self.cwd), workspace_roots=tuple(self.roots))
        return [
            msgspec.structs.replace(own, id=chosen.id) if chosen.cwd is None else chosen for chosen in self.environments
        ]

    def places(self) -> list[tuple[str, WorkPlace]]:
        """Return the ids of the environments, and where in each is worked."""
        return [(chosen.id, self._place(chosen)) for chosen in self.environments]

    def _place(self, chosen: EnvironmentSelection) -> WorkPlace:
        if chosen.cwd is None:
            return WorkPlace(cwd=str(self.cwd), policy=self.confinement)
        policy = with_roots(self.sandbox_policy, chosen.workspace_roots or (chosen.cwd,))
        if isinstance(policy, WorkspaceWrite):
            policy = msgspec.structs.replace(policy, workspace_roots=chosen.workspace_roots)
        return WorkPlace(cwd=chosen.cwd, policy=policy)

    def to_turn_context(self, turn_id: str, *, root_turn_id: str) -> TurnContext:
        """Return the line that says what a turn runs with (form of 0.169.0)."""
        return TurnContext(
            turn_id=turn_id,
            root_turn_id=root_turn_id,
            cwd=str(self.cwd),
            approval_policy=approval_to_plain(self.approval_policy),
            approvals_reviewer=self.approvals_reviewer,
            sandbox_policy=sandbox_to_plain(self.confinement),
            model=self.model,
            effort=self.effort,
            summary=self.summary or "none",
            personality=self.personality,
            collaboration_mode=self.mode,
        )

    def to_settings_applied(self, thread_id: str) -> ThreadSettingsApplied:
        """Return the line that says what later turns run with (form of 0.169.0)."""
        return ThreadSettingsApplied(
            thread_id=thread_id,
            thread_settings={
                "model": self.model,
                "model_provider_id": self.provider_id,
                **({} if self.service_tier is None else {"service_tier": self.service_tier}),
                "approval_policy": approval_to_plain(self.approval_policy),
                "approvals_reviewer": self.approvals_reviewer,
                "requested_approvals_reviewer": self.approvals_reviewer,
                "sandbox_policy": sandbox_to_plain(self.confinement),
                **_profile_to_plain(self.active_profile),
                "cwd": str(self.cwd),
                "runtime_workspace_roots": self.roots,
                **({} if self.effort is None else {"reasoning_effort": self.effort}),
                **({} if self.summary is None else {"reasoning_summary": self.summary}),
                **({} if self.personality is None else {"personality": self.personality}),
                **({} if self.environments == LOCAL_ONLY else {"environments": selections_to_plain(self.environments)}),
                "collaboration_mode": self.mode,
                "disabled_plugin_ids": [],
            },
        )

    @property
    def mode(self) -> dict[str, Any]:
        """The collaboration mode in the rollout's form; `default` where none was chosen. Its model is the thread's."""
        chosen = self.collaboration_mode or {"mode": "default", "settings": {"developer_instructions": None}}
        settings = {**chosen["settings"], "model": self.model, "reasoning_effort": self.effort}
        return {**chosen, "settings": settings}


def _profile_to_plain(profile: ActiveProfile | None) -> dict[str, Any]:
    return {} if profile is None else {"active_permission_profile": {"id": profile.id, "extends": profile.extends}}


class TurnOverrides(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn changes for itself and all later ones.

    None changes nothing; where it is a value of the setting, UNSET does.
    """

    model: str | None = None
    cwd: Path | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    active_profile: ActiveProfile | UnsetType | None = UNSET
    workspace_roots: tuple[str, ...] | UnsetType | None = UNSET
    environments: tuple[EnvironmentSelection, ...] | None = None
    effort: str | UnsetType | None = UNSET
    summary: ReasoningSummary | None = None
    service_tier: str | UnsetType | None = UNSET
    personality: Personality | None = None
    collaboration_mode: dict[str, Any] | None = None

    def apply(self, settings: ThreadSettings) -> ThreadSettings:
        """Return the settings from here on."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        changes = {
            name: value
            for name, value in given.items()
            if value is not UNSET and (value is not None or name in _CLEARED_BY_NONE)
        }
        return msgspec.structs.replace(settings, **changes) if changes else settings
