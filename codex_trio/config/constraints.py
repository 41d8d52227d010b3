"""A configuration held to what an administrator requires.

Owns: what becomes of the merged table and of the settings made of it, and what users are told of that.
Does not own: the requirements (`requirements`), nor a thread's settings afterwards (`threads/allowed`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from codex_trio.config import features
from codex_trio.config.approval import AskForApproval
from codex_trio.config.approval import describe as describe_approval
from codex_trio.config.approval import from_plain as approval_from_plain
from codex_trio.config.approval import to_plain as approval_to_plain
from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.requirements import (
    READ_ONLY,
    Allowed,
    Requirements,
    falling_back,
    refuse_silent_read_only,
    spoken,
)
from codex_trio.config.settings import SandboxMode


class Constraining:
    """Holds one configuration to the requirements; `warnings` are what users have to be told.

    Raises `ConfigLoadError` for what is required and nobody here sees to.
    """

    def __init__(self, requirements: Requirements) -> None:
        if requirements.unseen_to is not None:
            raise ConfigLoadError(requirements.unseen_to)
        self._requirements = requirements
        self.warnings = list(requirements.warnings)

    def table(self, merged: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the merged table with what is forced, and without what is not allowed."""
        if self._requirements.shown is None:
            return merged
        held = dict(merged)
        self._force(held)
        self._hold_features(held)
        self._hold_servers(held)
        self._hold_plugins(held)
        self._hold_web_search(held)
        return held

    def approval(self, policy: AskForApproval, *, is_asked_for: bool) -> AskForApproval:
        """Return the policy that counts."""
        problem = self._requirements.approval_problem(policy)
        if problem is None:
            return policy
        fallback = self._requirements.fallback_approval()
        if is_asked_for:
            self.warnings.append(falling_back("approval_policy", describe_approval(fallback), problem))
        return fallback

    def reviewer(self, reviewer: Any, *, is_asked_for: bool) -> Any:
        """Return the reviewer that counts."""
        problem = self._requirements.reviewer_problem(reviewer)
        if problem is None or self._requirements.approvals_reviewers is None:
            return reviewer
        fallback = self._requirements.approvals_reviewers.words[0]
        if is_asked_for:
            self.warnings.append(falling_back("approvals_reviewer", spoken(fallback), problem))
        return fallback

    @property
    def default_profile(self) -> str | None:
        """The permission profile where nobody asks for anything."""
        default = self._requirements.default_profile
        return None if default is None else default.value

    def sandbox_mode(
        self, mode: SandboxMode, approval: AskForApproval, *, is_asked_for: bool, profile: str | None = None
    ) -> SandboxMode:
        """Return the mode that counts; `profile` names the allowed one that it comes from.

        Raises `ConfigLoadError` where it and the approval policy leave nothing.
        """
        problems = self._requirements
        problem = problems.choice_problem(mode) if profile is None else problems.mode_problem(mode)
        if problem is None:
            return mode
        if is_asked_for:
            refuse_silent_read_only(approval, problem)
            self.warnings.append(falling_back("sandbox_mode", spoken(READ_ONLY), problem))
        return READ_ONLY

    def profile(self, name: str | None) -> str | None:
        """Return the name of the permission profile that counts, if one does."""
        if name is None:
            return None
        problem = self._requirements.profile_problem(name)
        if problem is None:
            return name
        default = self._requirements.default_profile
        fallback = ":read-only" if default is None else default.value
        self.warnings.append(falling_back("default_permissions", fallback, problem))
        return fallback

    def instructions(self, own: str | None) -> str | None:
        """Return the instructions of the developer with those that are required."""
        required = self._requirements.developer_instructions
        return "\n\n".join(text for text in (own, required) if text) or own

    def _force(self, held: dict[str, Any]) -> None:
        for name, required in self._requirements.forced.items():
            if name in held and held[name] != required.value:
                self.warnings.append(f"Configured value for `{name}` is overridden (set by {required.source}).")
            held[name] = required.value

    def _hold_features(self, held: dict[str, Any]) -> None:
        configured = cast("dict[str, Any]", held.get("features") or {})
        enabled = features.resolve(configured)
        names = {features.ALIASES.get(name, name) for name in configured}
        for name in self._requirements.features:
            current = features.ALIASES.get(name, name)
            problem = self._requirements.feature_problem(name, enabled=enabled.get(current, False))
            if problem is None:
                continue
            if current in names:
                value = self._requirements.features[name].value
                self.warnings.append(falling_back(f"features.{name}", f"{value}".lower(), problem))
            configured = {
                **{
                    other: value for other, value in configured.items() if features.ALIASES.get(other, other) != current
                },
                current: self._requirements.features[name].value,
            }
        if configured:
            held["features"] = configured

    def _hold_servers(self, held: dict[str, Any]) -> None:
        tables = cast("dict[str, dict[str, Any]]", held.get("mcp_servers") or {})
        for name, table in tables.items():
            problem = self._requirements.server_problem(name, table)
            if problem is None:
                continue
            if table.get("enabled", True):
                self.warnings.append(f"{problem}; it is disabled.")
            held["mcp_servers"] = {**held["mcp_servers"], name: {**table, "enabled": False, "required": False}}

    def _hold_plugins(self, held: dict[str, Any]) -> None:
        """Leave out marketplaces that are not allowed, and plugins of all but the allowed ones."""
        rules = self._requirements.marketplaces
        if rules is None:
            return
        # Few administrators restrict them.
        from codex_trio.config.marketplace_rules import without_links

        configured = cast("dict[str, dict[str, Any]]", held.get("marketplaces") or {})
        problems = {name: problem for name, table in configured.items() if (problem := rules.problem(table))}
        self.warnings += [f"{problem}; `marketplaces.{name}` is left out." for name, problem in problems.items()]
        held["marketplaces"] = {
            name: without_links(table) for name, table in configured.items() if name not in problems
        }
        plugins = cast("dict[str, dict[str, Any]]", held.get("plugins") or {})
        kept = {name: table for name, table in plugins.items() if name.rpartition("@")[2] in held["marketplaces"]}
        self.warnings += [
            f"Plugin `{name}` is left out: its marketplace is not configured from an allowed source (set by "
            f"{rules.source})."
            for name, table in plugins.items()
            if name not in kept and table.get("enabled", True)
        ]
        held["plugins"] = kept

    def _hold_web_search(self, held: dict[str, Any]) -> None:
        mode = held.get("web_search")
        problem = None if mode is None else self._requirements.web_search_problem(mode)
        allowed = self._requirements.web_search_modes
        if problem is not None and allowed is not None:
            self.warnings.append(falling_back("web_search_mode", spoken(allowed.words[0]), problem))
            held["web_search"] = allowed.words[0]


class Superseded(msgspec.Struct, frozen=True, kw_only=True):
    """Why a configured value has no effect, who says so, and what counts in its place."""

    message: str
    source: str
    effective: Any


def refused_features(requirements: Requirements, configured: Mapping[str, Any]) -> str | None:
    """Return why one of the switches of a table to be written is not allowed."""
    for name, value in configured.items():
        enabled = cast("dict[str, Any]", value).get("enabled", True) if isinstance(value, dict) else value
        if isinstance(enabled, bool):
            current = features.ALIASES.get(name, name)
            problem = requirements.feature_problem(current, enabled=enabled)
            if problem is not None:
                return problem
    return None


def superseded(requirements: Requirements, path: Sequence[str], merged: Mapping[str, Any]) -> Superseded | None:
    """Return why the value at a path of the checked, merged table has no effect, if that is so."""
    key, value = path[0], merged.get(path[0])
    if value is None:
        return None
    forced = requirements.forced.get(key)
    if forced is not None:
        if value == forced.value:
            return None
        message = f"Overridden by requirements (set by {forced.source})"
        return Superseded(message=message, source=forced.source, effective=forced.value)
    if key == "marketplaces" and len(path) > 1 and requirements.marketplaces is not None:
        problem = requirements.marketplaces.problem(value.get(path[1], {}))
        source = requirements.marketplaces.source
        return None if problem is None else Superseded(message=problem, source=source, effective=None)
    if key == "mcp_servers" and len(path) > 1 and requirements.servers is not None:
        problem = requirements.server_problem(path[1], value.get(path[1], {}))
        source = requirements.servers.source
        return None if problem is None else Superseded(message=problem, source=source, effective=None)
    return _superseded_choice(requirements, key, value)


def _superseded_choice(requirements: Requirements, key: str, value: Any) -> Superseded | None:
    match key:
        case "approval_policy":
            allowed, fallback = requirements.approval_policies, approval_to_plain(requirements.fallback_approval())
            problem = requirements.approval_problem(approval_from_plain(value))
        case "approvals_reviewer":
            allowed = requirements.approvals_reviewers
            fallback = None if allowed is None else allowed.words[0]
            problem = requirements.reviewer_problem("auto_review" if value == "guardian_subagent" else value)
        case "sandbox_mode":
            allowed, fallback = requirements.sandbox_modes, READ_ONLY
            problem = requirements.choice_problem(value)
        case "default_permissions":
            allowed = None if requirements.profiles is None else Allowed((), requirements.profiles.source)
            fallback = None if requirements.default_profile is None else requirements.default_profile.value
            problem = requirements.profile_problem(value)
        case "web_search":
            allowed = requirements.web_search_modes
            fallback = None if allowed is None else allowed.words[0]
            problem = requirements.web_search_problem(value)
        case _:
            return None
    if problem is None:
        return None
    source = allowed or requirements.denied_reads or requirements.hosts
    return Superseded(message=problem, source=source.source if source else "", effective=fallback)
