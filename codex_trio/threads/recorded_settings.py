"""What a rollout says that its thread runs with.

Owns reading settings off a thread's lines, those of other releases included: what is missing or makes no sense is None.
Does not own what becomes of them (threads/options.py).
"""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import msgspec

from codex_trio.config import approval
from codex_trio.config.settings import ActiveProfile, ApprovalsReviewer
from codex_trio.engine.settings import Personality, ReasoningSummary
from codex_trio.environments.selection import EnvironmentSelection, selections_from_plain
from codex_trio.sandbox import policy as sandbox
from codex_trio.state.history.values import HistoryFacts
from codex_trio.util import decoding

_T = TypeVar("_T")


class RecordedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a stored thread. `effort` goes with `model`; `mode` is None for the default collaboration mode,
    `environments` where the server chose.
    """

    cwd: str | None
    provider_id: str | None
    model: str | None
    effort: str | None
    summary: ReasoningSummary | None
    personality: Personality | None
    mode: dict[str, Any] | None
    service_tier: str | None
    reviewer: ApprovalsReviewer | None
    environments: tuple[EnvironmentSelection, ...] | None
    sandbox_policy: sandbox.SandboxPolicy | None
    active_profile: ActiveProfile | None
    approval_policy: approval.AskForApproval | None


def recorded_settings(facts: HistoryFacts) -> RecordedSettings:
    """Return what a thread runs with. Settings stored by themselves are as new as those of the last turn, or newer."""
    meta, context, settings = facts.meta, facts.turn_context, facts.settings or {}
    model = _as(str, settings.get("model"))
    return RecordedSettings(
        cwd=next(filter(_is_folder, (settings.get("cwd"), context and context.cwd, meta and meta.cwd)), None),
        provider_id=meta and meta.model_provider,
        model=model or (context and context.model),
        effort=_as(str, settings.get("reasoning_effort")) if model else context and context.effort,
        summary=_one_of(ReasoningSummary, settings.get("reasoning_summary")),
        personality=_one_of(Personality, settings.get("personality")),
        mode=_chosen(settings.get("collaboration_mode")),
        service_tier=_as(str, settings.get("service_tier")),
        reviewer=_one_of(ApprovalsReviewer, settings.get("approvals_reviewer")),
        environments=selections_from_plain(settings.get("environments")),
        sandbox_policy=_sandbox(settings.get("sandbox_policy") or (context and context.sandbox_policy)),
        active_profile=_as(ActiveProfile, settings.get("active_permission_profile")),
        approval_policy=_approval(settings.get("approval_policy") or (context and context.approval_policy)),
    )


def _is_folder(value: Any) -> bool:
    """Return whether a value can be the path of a folder, whoever wrote it."""
    return isinstance(value, str) and value.startswith("/") and "\0" not in value


def _as(kind: type[_T], value: Any) -> _T | None:
    try:
        return decoding.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _chosen(plain: Any) -> dict[str, Any] | None:
    """Return a collaboration mode, unless it is what threads have anyway, or one that is not there (`plan`)."""
    match plain:
        case {"mode": "default", "settings": {"developer_instructions": str()}}:
            return decoding.convert(plain, dict[str, Any])
        case _:
            return None


def _one_of(words: Any, value: Any) -> Any:
    return value if value in get_args(words) else None


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
