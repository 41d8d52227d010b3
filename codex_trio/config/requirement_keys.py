"""The keys of `requirements.toml`, and what becomes of each.

Owns: the table of keys. Does not own: reading files (`requirement_files`) or what follows (`requirements`).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal

import msgspec

from codex_trio.config.hook_events import HOOK_EVENTS
from codex_trio.config.nodes import Anything, Choice, Flag, Names, Node, PathText, Sequence, Table, Text, integer

Status = Literal["honoured", "moot"]


class RequirementKey(msgspec.Struct, frozen=True):
    """One key.

    `status`: `honoured` where something here sees to it; `moot` for what concerns things that this server never does.
    `forces` is the ordinary setting that has this value whatever anybody else says.
    """

    name: str
    kind: Node
    status: Status = "honoured"
    forces: str | None = None


def _unknown_field(known: Mapping[str, Node], table: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a table in which a slip of the pen would allow more than was meant."""
    name = next((name for name in table if name not in known), None)
    return None if name is None else f"unknown field `{name}`, expected one of {', '.join(f'`{one}`' for one in known)}"


_TEXT = Text()
_FLAG = Flag()
_TABLE = Table({}, rest=Anything())
_APPROVALS = Choice(("untrusted", "on-failure", "on-request", "granular", "never"))
_MODES = Choice(("read-only", "workspace-write", "danger-full-access", "external-sandbox"))
_TOKEN = Table({"token": _TEXT, "any_of": Sequence(_TEXT)})
_RULE = Table(
    {"pattern": Sequence(_TOKEN), "decision": Choice(("prompt", "forbidden")), "justification": _TEXT},
    required=("pattern", "decision"),
)
_SERVER = Table({"identity": Table({"command": _TEXT, "url": _TEXT})}, required=("identity",))

_SOURCE_FIELDS: dict[str, Node] = {
    "source": Choice(("git", "host_pattern", "local")),
    "url": _TEXT,
    "ref": _TEXT,
    "host_pattern": _TEXT,
    "path": _TEXT,
}
_MARKETPLACE_FIELDS: dict[str, Node] = {
    "restrict_to_allowed_sources": _FLAG,
    "allowed_sources": Names(Table(_SOURCE_FIELDS, check=partial(_unknown_field, _SOURCE_FIELDS))),
}
_MARKETPLACES = Table(_MARKETPLACE_FIELDS, check=partial(_unknown_field, _MARKETPLACE_FIELDS))

_HANDLER = Table(
    {
        "type": Choice(("command", "mcp_tool", "prompt", "agent")),
        "command": _TEXT,
        "commandWindows": _TEXT,
        "timeout": integer("u64"),
        "async": _FLAG,
        "statusMessage": _TEXT,
        "additionalContextLimit": integer("u64"),
        "server": _TEXT,
        "tool": _TEXT,
        "input": _TABLE,
    },
    required=("type",),
)
_HOOK_GROUP = Table({"matcher": _TEXT, "hooks": Sequence(_HANDLER)})
_HOOKS = Table(
    {"managed_dir": _TEXT, "windows_managed_dir": _TEXT, **{event: Sequence(_HOOK_GROUP) for event in HOOK_EVENTS}}
)

_AUTO_REVIEW = Table({"required_on_models": Sequence(_TEXT), "ignore_rules": Sequence(_TEXT)})
_HOSTS = Sequence(_TEXT)
_NETWORK = Table(
    {
        "enabled": _FLAG,
        "domains": Names(Choice(("allow", "deny"))),
        "allowed_domains": _HOSTS,
        "denied_domains": _HOSTS,
        "review_domains": _HOSTS,
        "managed_allowed_domains_only": _FLAG,
        "mode": Choice(("limited", "full")),
        "allow_local_binding": _FLAG,
        "enable_socks5": _FLAG,
        "enable_socks5_udp": _FLAG,
        "http_port": integer("u16"),
        "socks_port": integer("u16"),
        "allow_upstream_proxy": _FLAG,
        "dangerously_allow_non_loopback_proxy": _FLAG,
        "dangerously_allow_all_unix_sockets": _FLAG,
        "unix_sockets": Names(Choice(("allow", "deny", "none"))),
        "allow_unix_sockets": _HOSTS,
    }
)

REQUIREMENT_KEYS: Final = (
    RequirementKey("allowed_approval_policies", Sequence(_APPROVALS)),
    RequirementKey("allowed_approvals_reviewers", Sequence(Choice(("user", "auto_review", "guardian_subagent")))),
    RequirementKey("allowed_sandbox_modes", Sequence(_MODES)),
    RequirementKey(
        "remote_sandbox_config",
        Sequence(
            Table(
                {"hostname_patterns": Sequence(_TEXT), "allowed_sandbox_modes": Sequence(_MODES)},
                required=("hostname_patterns", "allowed_sandbox_modes"),
            )
        ),
    ),
    RequirementKey("allowed_permission_profiles", Names(_FLAG)),
    RequirementKey("default_permissions", _TEXT),
    RequirementKey(
        "permissions",
        Table({"filesystem": Table({"deny_read": Sequence(PathText())})}),
    ),
    RequirementKey("allowed_web_search_modes", Sequence(Choice(("disabled", "cached", "indexed", "live")))),
    RequirementKey("features", Names(_FLAG)),
    RequirementKey("feature_requirements", Names(_FLAG)),
    RequirementKey("mcp_servers", Names(_SERVER)),
    RequirementKey("rules", Table({"prefix_rules": Sequence(_RULE)})),
    RequirementKey("enforce_residency", Choice(("us",))),
    RequirementKey("additional_developer_instructions", _TEXT),
    RequirementKey("allow_login_shell", _FLAG, forces="allow_login_shell"),
    RequirementKey("allowed_login_methods", Sequence(Choice(("api", "chatgpt")))),
    RequirementKey("model_provider", _TEXT, forces="model_provider"),
    RequirementKey("model_providers", Names(_TABLE), forces="model_providers"),
    RequirementKey("cli_auth_credentials_store", _TEXT, forces="cli_auth_credentials_store"),
    RequirementKey("chatgpt_base_url", _TEXT, forces="chatgpt_base_url"),
    RequirementKey("sqlite_home", PathText(), forces="sqlite_home"),
    RequirementKey("log_dir", PathText(), forces="log_dir"),
    RequirementKey("model_catalog_json", PathText(), forces="model_catalog_json"),
    RequirementKey("check_for_update_on_startup", _FLAG, forces="check_for_update_on_startup"),
    RequirementKey(
        "models", Table({"new_thread": Table({"model": _TEXT, "model_reasoning_effort": _TEXT, "service_tier": _TEXT})})
    ),
    RequirementKey("feedback", Table({"enabled": _FLAG}), forces="feedback"),
    RequirementKey("otel", _TABLE, "moot", forces="otel"),
    RequirementKey("allow_managed_hooks_only", _FLAG),
    RequirementKey("hooks", _HOOKS),
    RequirementKey("experimental_network", _NETWORK),
    RequirementKey("guardian_policy_config", _TEXT),
    RequirementKey("guardian_extra_policy", _TEXT),
    RequirementKey("auto_review", _AUTO_REVIEW),
    RequirementKey("plugins", Names(Table({"mcp_servers": Names(_SERVER)}))),
    RequirementKey("apps", _TABLE, "moot"),
    RequirementKey("marketplaces", _MARKETPLACES),
    RequirementKey("allow_browser_and_computer_use", _FLAG, "moot"),
    RequirementKey("allow_appshots", _FLAG, "moot"),
    RequirementKey("allow_remote_control", _FLAG, "moot"),
    RequirementKey("computer_use", _TABLE, "moot"),
    RequirementKey("browser_use", _TABLE, "moot"),
    RequirementKey("in_app_browser", _TABLE, "moot"),
    RequirementKey("application", _TABLE, "moot"),
    RequirementKey("windows", _TABLE, "moot"),
)

REQUIREMENTS: Final = Table({key.name: key.kind for key in REQUIREMENT_KEYS})
"""The kind of a whole file."""
