"""A thread's settings held to what an administrator allows.

Owns: what becomes of settings that are not allowed, whoever asks for them, and the refusal of a change to such.
Does not own: the requirements themselves (config).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from codex_trio.config.approval import describe as describe_approval
from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import (
    FULL_ACCESS,
    READ_ONLY,
    NotAllowed,
    Requirements,
    falling_back,
    spoken,
)
from codex_trio.config.settings import ActiveProfile
from codex_trio.engine.settings import ThreadSettings, TurnOverrides
from codex_trio.sandbox.policy import (
    ReadOnly,
    SandboxPolicy,
    WorkspaceWrite,
    mode_of,
    with_denied,
    with_required_hosts,
)

_AUTOMATIC: Final = "auto_review"
_UNSANDBOXED: Final = (FULL_ACCESS, "external-sandbox")


class HeldSettings(msgspec.Struct, frozen=True):
    """Settings of which everything is allowed, and what users have to be told of that."""

    settings: ThreadSettings
    warnings: tuple[str, ...]

    def taken_back(self, wanted: ThreadSettings) -> dict[str, Any]:
        """Return what is allowed in place of what was wanted, by the names that overrides of a turn have."""
        names = ("approval_policy", "approvals_reviewer", "sandbox_policy", "active_profile")
        return {name: new for name in names if (new := getattr(self.settings, name)) != getattr(wanted, name)}


def held_to(settings: ThreadSettings, requirements: Requirements) -> HeldSettings:
    """Return the settings with something allowed in place of what is not.

    Raises ConfigLoadError where nothing is allowed: the model needs a reviewer whom the requirements rule out.
    """
    changes: dict[str, Any] = {}
    warnings: list[str] = []
    settings = _reviewed(settings, requirements, warnings)
    if problem := requirements.approval_problem(settings.approval_policy):
        changes["approval_policy"] = requirements.fallback_approval()
        warnings.append(falling_back("approval_policy", describe_approval(changes["approval_policy"]), problem))
    allowed = requirements.approvals_reviewers
    if (problem := requirements.reviewer_problem(settings.approvals_reviewer)) and allowed is not None:
        changes["approvals_reviewer"] = allowed.words[0]
        warnings.append(falling_back("approvals_reviewer", spoken(allowed.words[0]), problem))
    policy = settings.sandbox_policy
    if problem := sandbox_problem(policy, requirements, profile=settings.active_profile):
        policy = ReadOnly()
        changes["active_profile"] = None
        warnings.append(falling_back("sandbox_mode", spoken(READ_ONLY), problem))
    policy = with_required_limits(policy, requirements)
    if policy != settings.sandbox_policy:
        changes["sandbox_policy"] = policy
    return HeldSettings(msgspec.structs.replace(settings, **changes) if changes else settings, tuple(warnings))


def _reviewed(settings: ThreadSettings, requirements: Requirements, warnings: list[str]) -> ThreadSettings:
    """Return settings with an automatic reviewer, and a sandbox for it to decide about, where the model needs that."""
    problem = requirements.needs_review(settings.model)
    if problem is None:
        return settings
    if ruled_out := requirements.reviewer_problem(_AUTOMATIC):
        raise ConfigLoadError(f"{problem} But: {ruled_out}")
    if settings.approvals_reviewer != _AUTOMATIC:
        settings = msgspec.structs.replace(settings, approvals_reviewer=_AUTOMATIC)
        warnings.append(falling_back("approvals_reviewer", spoken(_AUTOMATIC), problem))
    if mode_of(settings.sandbox_policy) in _UNSANDBOXED:
        settings = msgspec.structs.replace(settings, sandbox_policy=WorkspaceWrite(), active_profile=None)
        warnings.append(falling_back("sandbox_mode", spoken(mode_of(WorkspaceWrite())), problem))
    return settings


def check_change(change: TurnOverrides, before: ThreadSettings, requirements: Requirements) -> TurnOverrides:
    """Return the change. Raises `NotAllowed` when it asks for what is not allowed."""
    problems = [
        _unreviewed(change, before, requirements),
        None if change.approval_policy is None else requirements.approval_problem(change.approval_policy),
        None if change.approvals_reviewer is None else requirements.reviewer_problem(change.approvals_reviewer),
        None
        if change.sandbox_policy is None
        else sandbox_problem(change.sandbox_policy, requirements, profile=change.active_profile or None),
    ]
    for problem in problems:
        if problem is not None:
            raise NotAllowed(problem)
    return change


def _unreviewed(change: TurnOverrides, before: ThreadSettings, requirements: Requirements) -> str | None:
    """Return why a change is not allowed that lets a model work without the review that it needs."""
    after = change.apply(before)
    is_open = mode_of(after.sandbox_policy) in _UNSANDBOXED and (change.sandbox_policy or after.model != before.model)
    if is_open or change.approvals_reviewer not in (None, _AUTOMATIC):
        return requirements.needs_review(after.model)
    return None


def with_required_limits(policy: SandboxPolicy, requirements: Requirements) -> SandboxPolicy:
    """Return the policy without the right to read, or to reach, what an administrator denies."""
    hosts = requirements.hosts
    policy = with_required_hosts(policy, None if hosts is None else hosts.value)
    denied = requirements.denied_reads
    return policy if denied is None else with_denied(policy, tuple(denied.value))


def sandbox_problem(policy: SandboxPolicy, requirements: Requirements, *, profile: ActiveProfile | None) -> str | None:
    """Return why a sandbox policy is not allowed; `profile` is the permission profile that it comes from."""
    if profile is None:
        return requirements.choice_problem(mode_of(policy))
    return requirements.profile_problem(profile.id) or requirements.mode_problem(mode_of(policy))
