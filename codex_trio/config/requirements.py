"""What an administrator allows: the requirements as a value, and what follows from them for one setting.

Owns: which values are allowed, what takes the place of one that is not, and the words for it. Pure.
Does not own: the files (`requirement_files`), a thread's settings as a whole (`threads/allowed`), nor what is sent to
clients.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from codex_trio.config.approval import AskForApproval, Granular
from codex_trio.config.approval import describe as describe_approval
from codex_trio.config.errors import ConfigLoadError

if TYPE_CHECKING:
    from codex_trio.config.marketplace_rules import MarketplaceRules

READ_ONLY: Final = "read-only"
FULL_ACCESS: Final = "danger-full-access"

_SPOKEN: Final[Mapping[str, str]] = {
    "untrusted": "UnlessTrusted",
    "on-failure": "OnFailure",
    "on-request": "OnRequest",
    "never": "Never",
    "granular": "Granular",
    "read-only": "ReadOnly",
    "workspace-write": "WorkspaceWrite",
    "danger-full-access": "DangerFullAccess",
    "external-sandbox": "ExternalSandbox",
    "user": "User",
    "auto_review": "AutoReview",
    "disabled": "Disabled",
    "cached": "Cached",
    "indexed": "Indexed",
    "live": "Live",
}
"""How messages call values: as the established server does."""


_PROFILES: Final[Mapping[str, str]] = {
    "read-only": ":read-only",
    "workspace-write": ":workspace",
    "danger-full-access": ":danger-full-access",
}
"""The built-in permission profiles that sandbox modes are another name of."""


class NotAllowed(Exception):
    """A setting is asked for that an administrator does not allow; the message names the setting and who says so."""


class Allowed(msgspec.Struct, frozen=True):
    """The values that a setting may have, the first of which takes the place of others, and the file that says so."""

    words: tuple[str, ...]
    source: str

    @property
    def spoken(self) -> str:
        """The values as messages have them."""
        return f"[{', '.join(map(spoken, self.words))}]"


class Required(msgspec.Struct, frozen=True):
    """A value that is required, and the file that says so."""

    value: Any
    source: str


class ServerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What an MCP server must be: a command, or an address."""

    command: str | None = None
    url: str | None = None

    def matches(self, table: Mapping[str, Any]) -> bool:
        """Return whether a server's table is about that server."""
        name = "command" if self.command is not None else "url"
        other = "url" if name == "command" else "command"
        return table.get(name) == getattr(self, name) and table.get(other) is None


class RequiredRule(msgspec.Struct, frozen=True, kw_only=True):
    """A command rule; every part of the pattern is one of several words."""

    pattern: tuple[tuple[str, ...], ...]
    decision: str
    justification: str | None = None


class RequiredHooks(msgspec.Struct, frozen=True, kw_only=True):
    """Hooks of one file by moment, and what they are said to come from."""

    table: Mapping[str, Any]
    place: str
    source: Literal["system", "cloudRequirements"]


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """All that an administrator requires; None and nothing require nothing.

    `forced` are settings of the ordinary table that have a value whatever anybody else says. `shown` is what clients
    are told, in the file's own form.
    """

    approval_policies: Allowed | None = None
    approvals_reviewers: Allowed | None = None
    sandbox_modes: Allowed | None = None
    web_search_modes: Allowed | None = None
    profiles: Required | None = None
    """Of permission profiles by name, whether they are allowed; those that are not named are not."""
    default_profile: Required | None = None
    denied_reads: Required | None = None
    hosts: Required | None = None
    """Which hosts commands may reach, where they have a network."""
    """Absolute paths and glob patterns that no command may read."""
    features: Mapping[str, Required] = {}
    servers: Required | None = None
    """By name, the identity (`ServerIdentity`) of the MCP servers that are allowed."""
    plugin_servers: Required | None = None
    """By plugin and name, the identity of the MCP servers that plugins may bring along."""
    marketplaces: "MarketplaceRules | None" = None
    """Where plugins may come from."""
    rules: Required | None = None
    """Command rules (`RequiredRule`) that hold beside all others."""
    residency: str | None = None
    developer_instructions: str | None = None
    review_policy: str | None = None
    """By what an automatic reviewer judges, in place of anything else."""
    extra_review_policy: str | None = None
    """What it judges by besides."""
    reviewed_models: Required | None = None
    """Names of models with which threads work only while an automatic reviewer decides, and in a sandbox."""
    unruled_models: Required | None = None
    """Names of models whose commands no rule allows."""
    forced: Mapping[str, Required] = {}
    hooks: tuple[RequiredHooks, ...] = ()
    """Those of all files, the lowest first."""
    managed_hooks_only: bool = False
    unseen_to: str | None = None
    """What is required that nobody here sees to: with it no thread and no command starts."""
    model_defaults: Mapping[str, str] = {}
    """What new threads begin with where nothing else is asked for: `model`, `model_reasoning_effort`, `service_tier`"""
    shown: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def allows_full_access(self) -> bool:
        """Whether anything may run without a sandbox."""
        return self.choice_problem(FULL_ACCESS) is None

    def approval_problem(self, policy: AskForApproval) -> str | None:
        """Return why an approval policy is not allowed."""
        return _problem("approval_policy", self.approval_policies, approval_word(policy), describe_approval(policy))

    def reviewer_problem(self, reviewer: str) -> str | None:
        """Return why a reviewer of approvals is not allowed."""
        return _problem("approvals_reviewer", self.approvals_reviewers, reviewer)

    def needs_review(self, model: str) -> str | None:
        """Return what a thread with this model is told that has no automatic review, if it has to have one."""
        if self.reviewed_models is None or not _is_named(model, self.reviewed_models):
            return None
        return f"To use model `{model}`, you need to use auto review (set by {self.reviewed_models.source})."

    def counts_allowing_rules(self, model: str) -> bool:
        """Return whether rules may allow commands of this model."""
        return self.unruled_models is None or not _is_named(model, self.unruled_models)

    def mode_problem(self, mode: str) -> str | None:
        """Return why a sandbox mode is not allowed."""
        if self.denied_reads is not None and mode in (FULL_ACCESS, "external-sandbox"):
            return (
                f"invalid value for `sandbox_mode`: `{spoken(mode)}` cannot keep commands from reading what "
                f"`permissions.filesystem.deny_read` denies (set by {self.denied_reads.source})"
            )
        if self.hosts is not None and mode in (FULL_ACCESS, "external-sandbox"):
            return (
                f"invalid value for `sandbox_mode`: `{spoken(mode)}` cannot keep commands to the hosts that "
                f"`experimental_network` allows (set by {self.hosts.source})"
            )
        return _problem("sandbox_mode", self.sandbox_modes, mode)

    def profile_problem(self, name: str) -> str | None:
        """Return why a permission profile is not allowed by its name."""
        if self.profiles is None or self.profiles.value.get(name) is True:
            return None
        allowed = ", ".join(sorted(known for known, is_allowed in self.profiles.value.items() if is_allowed))
        return (
            f"invalid value for `default_permissions`: `{name}` is not in the allowed set [{allowed}] "
            f"(set by {self.profiles.source})"
        )

    def choice_problem(self, mode: str) -> str | None:
        """Return why a sandbox mode is not allowed where no profile of the user's own is in use."""
        profile = _PROFILES.get(mode)
        named = None if self.profiles is None or profile is None else self.profile_problem(profile)
        if self.profiles is not None and profile is None:
            named = f"invalid value for `sandbox_mode`: `{spoken(mode)}` is no permission profile that is allowed "
            named += f"(set by {self.profiles.source})"
        return self.mode_problem(mode) or named

    def web_search_problem(self, mode: str) -> str | None:
        """Return why a mode of web search is not allowed."""
        return _problem("web_search_mode", self.web_search_modes, mode)

    def feature_problem(self, name: str, *, enabled: bool) -> str | None:
        """Return why a switch may not be on, or off."""
        required = self.features.get(name)
        if required is None or required.value == enabled:
            return None
        return (
            f"invalid value for `features`: `features.{name}={_toml(enabled)}` is not in the allowed set "
            f"[{name}={_toml(required.value)}] (set by {required.source})"
        )

    def server_problem(self, name: str, table: Mapping[str, Any]) -> str | None:
        """Return why an MCP server is not allowed."""
        return None if self.servers is None else _server_problem(self.servers.value, self.servers.source, name, table)

    def plugin_server_problem(self, plugin_id: str, name: str, table: Mapping[str, Any]) -> str | None:
        """Return why an MCP server that a plugin brings along is not allowed.

        A list for plugins takes the place of the one of servers, unless that allows none at all.
        """
        listed = self.plugin_servers
        if listed is None or (self.servers is not None and not self.servers.value):
            return self.server_problem(name, table)
        return _server_problem(listed.value.get(plugin_id, {}), listed.source, name, table)

    def fallback_approval(self) -> AskForApproval:
        """Return the policy that takes the place of one that is not allowed."""
        words = self.approval_policies.words if self.approval_policies is not None else ("on-request",)
        word = next((word for word in words if word in ("on-request", "never")), None)
        if word is None:
            return Granular(
                sandbox_approval=True, rules=True, skill_approval=True, request_permissions=True, mcp_elicitations=True
            )
        return "never" if word == "never" else "on-request"


NOTHING_REQUIRED: Final = Requirements()


def nothing_required() -> Requirements:
    """Return the requirements of a machine without an administrator."""
    return NOTHING_REQUIRED


def unknown_requirements(source: str) -> Requirements:
    """Return what to go by while nobody can tell what is required: the least that there is."""
    return Requirements(approval_policies=Allowed(("on-request",), source), sandbox_modes=Allowed((READ_ONLY,), source))


def approval_word(policy: AskForApproval) -> str:
    """Return the word by which requirements know a policy."""
    return "granular" if isinstance(policy, Granular) else policy


def spoken(word: str) -> str:
    """Return how messages call a value."""
    return _SPOKEN.get(word, word)


def falling_back(key: str, fallback: str, problem: str) -> str:
    """Return what users are told when another value takes the place of theirs."""
    return (
        f"Configured value for `{key}` is disallowed by requirements; falling back to required value {fallback}. "
        f"Details: {problem}"
    )


def refuse_silent_read_only(approval: AskForApproval, sandbox_problem: str | None) -> None:
    """Raise for what would leave a thread unable to write, and without anybody to ask."""
    if approval == "never" and sandbox_problem is not None:
        raise ConfigLoadError(
            f'`approval_policy = "never"` cannot be used here: the sandbox mode that is asked for is not allowed, and '
            f"in its place nothing could be written and nobody asked. Choose another `approval_policy`, such as "
            f"`on-request`, or an allowed sandbox mode. Details: {sandbox_problem}"
        )


def _is_named(model: str, models: Required) -> bool:
    """Return whether a model is listed, by whatever provider's namespace it is asked for."""
    return model in models.value or model.rpartition("/")[2] in models.value


def _problem(key: str, allowed: Allowed | None, word: str, name: str | None = None) -> str | None:
    if allowed is None or word in allowed.words:
        return None
    return (
        f"invalid value for `{key}`: `{name or spoken(word)}` is not in the allowed set {allowed.spoken} "
        f"(set by {allowed.source})"
    )


def _server_problem(
    allowed: Mapping[str, ServerIdentity], source: str, name: str, table: Mapping[str, Any]
) -> str | None:
    identity = allowed.get(name)
    if identity is None:
        return f"MCP server `{name}` is not among those that are allowed (set by {source})"
    if not identity.matches(table):
        return f"MCP server `{name}` is not the one that is allowed by that name (set by {source})"
    return None


def _toml(value: Any) -> str:
    return str(value).lower()
