"""Every key of `config.toml`, in one table: its kind and default, who acts on it, and whether anybody does.

Owns: the table; what follows from it (the kind of the whole file, the defaults that a reader is shown, what a project
may not set); which settings a user has to be told about because nothing comes of them.
Does not own: the kinds (`schema`, `nodes`), or what a setting means.

Tables with `rest=ANY` are not judged inside: somebody else reads them, or nobody yet.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, cast

import msgspec

from codex_trio.config import features, web_search
from codex_trio.config.layers import lookup
from codex_trio.config.nodes import Choice, Names, Node, Sequence, Table, Toggle, integer
from codex_trio.config.schema import (
    ANY,
    APPROVAL_POLICY,
    COMMAND_LIMITS,
    FLAG,
    HISTORY,
    I64,
    MCP_SERVER,
    MEMORIES,
    MODEL_PROVIDER,
    OTEL,
    PATH,
    PERMISSION_PROFILE,
    REALTIME,
    REQUEST_METADATA,
    SANDBOX_WORKSPACE_WRITE,
    SHELL_ENVIRONMENT_POLICY,
    SKILLS,
    TABLE,
    TEXT,
    TEXTS,
    U64,
    USIZE,
    provider_table_problem,
)

Status = Literal["honoured", "elsewhere", "unsupported"]
OWN = "codex-trio"


class Key(msgspec.Struct, frozen=True):
    """One key. `owner` is the module, below the package, that acts on it.

    `status`: `honoured` where there is an owner; `elsewhere` for what concerns other programs that share the file, or a
    thing that this server never does; `unsupported` for what a user who sets it has to be told about, with the reason
    as `why`. `since` is the first release that is known to take the key.
    """

    name: str
    kind: Node
    default: Any = None
    owner: str | None = None
    status: Status = "honoured"
    why: str = ""
    since: str = "0.131.0"
    in_projects: bool = True
    """Whether a project may set it: not where requests go, who is told about them, or what is trusted."""
    until: str | None = None
    """The last release that took it, where a later one does not."""


KEYS: Final = (
    Key("model", TEXT, owner="threads/options.py"),
    Key("review_model", TEXT, owner="engine/session/task_context.py"),
    Key("model_context_window", I64, owner="threads/runtime.py"),
    Key("model_auto_compact_token_limit", I64, owner="threads/runtime.py"),
    Key(
        "model_auto_compact_token_limit_scope",
        Choice(("total", "body_after_prefix")),
        owner="threads/runtime.py",
        since="0.169.0",
    ),
    Key("model_provider", TEXT, owner="threads/options.py", in_projects=False),
    Key("approval_policy", APPROVAL_POLICY, owner="threads/options.py"),
    Key("approvals_reviewer", Choice(("user", "auto_review", "guardian_subagent")), owner="threads/options.py"),
    Key("sandbox_mode", Choice(("read-only", "workspace-write", "danger-full-access")), owner="threads/options.py"),
    Key("sandbox_workspace_write", SANDBOX_WORKSPACE_WRITE, owner="threads/options.py"),
    Key("forced_chatgpt_workspace_id", ANY, status="unsupported", why="there is no logging in to accounts"),
    Key("forced_login_method", Choice(("chatgpt", "api")), owner="server/core.py"),
    Key("web_search", Choice(web_search.MODES), owner="config/web_search.py"),
    Key("tools", web_search.TOOLS, owner="config/web_search.py"),
    Key("instructions", TEXT, owner="config/load.py"),
    Key("developer_instructions", TEXT, owner="threads/options.py"),
    Key("compact_prompt", TEXT, owner="engine/session/task_context.py"),
    Key("model_reasoning_effort", TEXT, owner="threads/options.py"),
    Key("model_reasoning_summary", Choice(("auto", "concise", "detailed", "none")), owner="threads/options.py"),
    Key("model_verbosity", Choice(("low", "medium", "high")), owner="engine/session/task_context.py"),
    Key("service_tier", TEXT, owner="threads/options.py"),
    Key("analytics", Table({"enabled": FLAG}, rest=ANY), owner="engine/session/task_context.py"),
    Key(
        "apps",
        Table({}, rest=TABLE, opaque=True),
        status="unsupported",
        why="there are no apps: they are the vendor's service",
    ),
    Key("browser_use", TABLE, status="elsewhere", since="0.169.0"),
    Key("computer_use", TABLE, status="elsewhere", since="0.169.0"),
    Key("desktop", Names(ANY), status="elsewhere"),
    Key(
        "agents",
        Table(
            {
                "enabled": FLAG,
                "max_threads": USIZE,
                "max_concurrent_threads_per_session": USIZE,
                "max_depth": integer("i32"),
                "job_max_runtime_seconds": U64,
                "interrupt_message": FLAG,
                "default_subagent_model": TEXT,
                "default_subagent_reasoning_effort": TEXT,
            },
            rest=ANY,
            opaque=True,
        ),
        owner="threads/agents/limits.py",
    ),
    Key("allow_login_shell", FLAG, default=True, owner="engine/session/task_context.py"),
    Key("allow_symlinked_codex_home", FLAG, status="elsewhere", since="0.169.0"),
    Key(
        "apps_mcp_product_sku",
        TEXT,
        status="unsupported",
        why="there are no apps: they are the vendor's service",
        in_projects=False,
    ),
    Key("audio", TABLE, status="elsewhere"),
    Key("auto_review", Table({"policy": TEXT}), owner="threads/guardian/conversation.py"),
    Key("auto_trust", FLAG, owner="config/service.py", since=OWN, in_projects=False),
    Key("background_terminal_max_timeout", U64, default=300000, owner="engine/session/task_context.py"),
    Key(
        "chatgpt_base_url",
        TEXT,
        default="https://chatgpt.com/backend-api/",
        status="unsupported",
        why="nothing here talks to the service of accounts",
        in_projects=False,
    ),
    Key("check_for_update_on_startup", FLAG, status="elsewhere"),
    Key(
        "cli_auth_credentials_store",
        Choice(("file", "keyring", "auto", "ephemeral")),
        default="file",
        owner="server/core.py",
    ),
    Key("cloud", TABLE, status="elsewhere", since="0.169.0"),
    Key(
        "code_mode",
        TABLE,
        status="unsupported",
        why="scripts run in a process of their own with fixed bounds",
        since="0.171.0",
    ),
    Key("command_limits", COMMAND_LIMITS, owner="execution/bounds.py", since=OWN, in_projects=False),
    Key("daybreak", FLAG, status="elsewhere", since="0.169.0"),
    Key("default_permissions", TEXT, owner="config/load.py"),
    Key("disable_paste_burst", FLAG, status="elsewhere"),
    Key("experimental_compact_prompt_file", PATH, owner="config/load.py"),
    Key("experimental_realtime_start_instructions", TEXT, owner="threads/realtime/settings.py"),
    Key("experimental_realtime_webrtc_call_base_url", TEXT, owner="threads/realtime/settings.py", in_projects=False),
    Key("experimental_realtime_ws_backend_prompt", TEXT, owner="threads/realtime/settings.py"),
    Key("experimental_realtime_ws_base_url", TEXT, owner="threads/realtime/settings.py", in_projects=False),
    Key("experimental_realtime_ws_model", TEXT, owner="threads/realtime/settings.py"),
    Key("experimental_realtime_ws_startup_context", TEXT, owner="threads/realtime/settings.py"),
    Key(
        "experimental_thread_config_endpoint",
        TEXT,
        owner="config/service.py",
        in_projects=False,
        until="0.131.0",
    ),
    Key(
        "experimental_thread_store", Table({"type": Choice(("local", "in_memory")), "id": TEXT}), owner="server/core.py"
    ),
    Key("experimental_thread_store_endpoint", TEXT, owner="config/load.py"),
    Key("experimental_use_unified_exec_tool", FLAG, status="elsewhere"),
    Key(
        "features",
        Table({name: Toggle() for name in sorted(features.known_names())}, opaque=True),
        owner="engine/session/task_context.py",
    ),
    Key("feedback", Table({"enabled": FLAG}, rest=ANY), status="elsewhere"),
    Key(
        "file_opener",
        Choice(("vscode", "vscode-insiders", "windsurf", "cursor", "none")),
        default="vscode",
        status="elsewhere",
    ),
    Key("ghost_snapshot", TABLE, status="elsewhere"),
    Key(
        "goals",
        TABLE,
        status="unsupported",
        why="a goal has its own budget, and the bounds that README tells",
        since="0.169.0",
    ),
    Key("hide_agent_reasoning", FLAG, default=False, status="elsewhere"),
    Key("history", HISTORY, default={"persistence": "save-all"}, status="elsewhere"),
    Key("hooks", TABLE, owner="extensions/hooks/settings.py"),
    Key("include_apps_instructions", FLAG, default=True, status="elsewhere"),
    Key("include_collaboration_mode_instructions", FLAG, default=True, owner="engine/session/surroundings.py"),
    Key("include_environment_context", FLAG, default=True, owner="engine/session/surroundings.py"),
    Key(
        "include_environment_context_time", FLAG, default=True, owner="engine/session/surroundings.py", since="0.169.0"
    ),
    Key("include_permissions_instructions", FLAG, default=True, owner="engine/session/surroundings.py"),
    Key("js_repl_node_module_dirs", Sequence(PATH), status="elsewhere"),
    Key("js_repl_node_path", PATH, status="elsewhere"),
    Key("log_dir", PATH, status="unsupported", why="logs go to standard error"),
    Key("marketplaces", Names(TABLE), default={}, owner="extensions/plugins/discovery.py"),
    Key(
        "mcp_enterprise_managed_auth",
        TABLE,
        status="unsupported",
        why="there is no login by an enterprise's identity provider",
        since="0.169.0",
    ),
    Key("mcp_oauth_callback_port", integer("u16"), owner="extensions/mcp/settings.py"),
    Key("mcp_oauth_callback_url", TEXT, owner="extensions/mcp/settings.py"),
    Key(
        "mcp_oauth_credentials_store",
        Choice(("auto", "file", "keyring")),
        default="auto",
        owner="extensions/mcp/settings.py",
    ),
    Key("mcp_optional_startup_grace_ms", U64, owner="extensions/mcp/settings.py", since="0.169.0"),
    Key("mcp_servers", Names(MCP_SERVER), default={}, owner="extensions/mcp/settings.py"),
    Key("memories", MEMORIES, owner="threads/memories/settings.py"),
    Key("model_catalog_json", PATH, owner="config/model_catalog.py"),
    Key("model_instructions_file", PATH, owner="config/load.py"),
    Key("model_post_turn_compact_threshold_percent", integer("u8"), owner="threads/runtime.py", since="0.169.0"),
    Key(
        "model_providers",
        Names(MODEL_PROVIDER, check=provider_table_problem),
        default={},
        owner="threads/runtime.py",
        in_projects=False,
    ),
    Key("notice", TABLE, status="elsewhere"),
    Key("notify", TEXTS, owner="threads/notify.py", in_projects=False),
    Key("openai_base_url", TEXT, owner="config/load.py", in_projects=False),
    Key("orchestrator", TABLE, status="unsupported", why="it is about the vendor's service", since="0.169.0"),
    Key("oss_provider", TEXT, owner="cli/exec_run.py"),
    Key("otel", OTEL, status="unsupported", why="nothing is exported", in_projects=False),
    Key("permissions", Names(PERMISSION_PROFILE), owner="config/permission_profiles.py"),
    Key("personality", Choice(("none", "friendly", "pragmatic")), owner="threads/options.py"),
    Key("plan_mode_reasoning_effort", TEXT, status="elsewhere"),
    Key("plugins", Table({}, rest=TABLE, opaque=True), default={}, owner="extensions/plugins/installed.py"),
    Key(
        "profile",
        TEXT,
        status="unsupported",
        why="0.171.0 has no profiles in one file; `--profile NAME` takes `NAME.config.toml`",
        in_projects=False,
    ),
    Key(
        "profiles",
        Names(TABLE),
        default={},
        status="unsupported",
        why="0.171.0 has no profiles in one file; `--profile NAME` takes `NAME.config.toml`",
        in_projects=False,
    ),
    Key("project_doc_fallback_filenames", TEXTS, default=[], owner="threads/loading.py"),
    Key("project_doc_max_bytes", USIZE, default=32768, owner="threads/loading.py"),
    Key("project_root_markers", TEXTS, default=[".git"], owner="config/sources.py"),
    Key("projects", Names(Table({"trust_level": Choice(("trusted", "untrusted"))})), owner="config/sources.py"),
    Key("realtime", REALTIME, owner="threads/realtime/settings.py"),
    Key("responses", TABLE, status="unsupported", why="requests to models have one form", since="0.171.0"),
    Key(
        "responses_api_metadata",
        REQUEST_METADATA,
        owner="engine/session/task_context.py",
        since="0.169.0",
        in_projects=False,
    ),
    Key(
        "rollout_trace",
        Table({"max_bytes": U64}, rest=ANY),
        status="unsupported",
        why="no traces of rollouts are written",
        since="0.171.0",
    ),
    Key("shell_environment_policy", SHELL_ENVIRONMENT_POLICY, default={}, owner="threads/hosting.py"),
    Key("show_raw_agent_reasoning", FLAG, status="elsewhere"),
    Key("skills", SKILLS, owner="extensions/skills/service.py"),
    Key("sqlite_home", PATH, owner="server/core.py"),
    Key("suppress_unstable_features_warning", FLAG, owner="config/load.py"),
    Key("thread_unload_delay_secs", U64, owner="threads/hosting.py", since="0.169.0"),
    Key("tool_output_token_limit", USIZE, owner="threads/runtime.py"),
    Key("tool_suggest", TABLE, status="unsupported", why="no tools are suggested"),
    Key("tui", TABLE, status="elsewhere"),
    Key("windows", TABLE, status="elsewhere"),
)

CONFIG: Final = Table({key.name: key.kind for key in KEYS})
"""The kind of a whole file."""

READ_DEFAULTS: Final[Mapping[str, Any]] = {key.name: key.default for key in KEYS if key.default is not None}
"""What a reader sees for keys that are not set; every other known key reads as null."""

PROJECT_DENIED_KEYS: Final = tuple(key.name for key in KEYS if not key.in_projects)

OWN_KEYS: Final = frozenset(key.name for key in KEYS if key.since == OWN)
"""What only this server knows."""

UNUSUAL_KEYS: Final = frozenset(key.name for key in KEYS if key.since == OWN or key.until is not None)
"""What 0.171.0 does not know; shown to readers when it is set."""

_NO_GOOGLE = "Google Cloud is no kind of provider here"
_ONE_STORE = "memories are kept in one form"

UNSUPPORTED_INSIDE: Final[Mapping[tuple[str, ...], str]] = {
    ("model_providers", "*", "capabilities"): "what a provider can do is not taken from its settings",
    ("model_providers", "*", "credential_file"): _NO_GOOGLE,
    ("model_providers", "*", "gateway_oauth"): "there is no login to gateways",
    ("model_providers", "*", "location"): _NO_GOOGLE,
    ("model_providers", "*", "project_id"): _NO_GOOGLE,
    ("model_providers", "*", "supports_standalone_web_search"): "searches are the model's, in its own requests",
    ("agents", "job_max_runtime_seconds"): "there are no jobs of agents",
    ("memories", "dedicated_tools"): "models read memories as files",
    ("memories", "dual_write"): _ONE_STORE,
    ("memories", "version"): _ONE_STORE,
    ("mcp_servers", "*", "experimental_environment"): "`environment_id` says where a server runs",
    (
        "mcp_servers",
        "*",
        "omit_tools_from",
    ): "tools of a server are offered in one way; `disabled_tools` leaves them out",
    ("mcp_servers", "*", "startup_readiness"): "a server is ready when its tools are known",
    ("shell_environment_policy", "experimental_use_profile"): "commands run without a profile of the shell's",
}
"""Keys inside honoured tables of which nothing comes, and why; `*` is any name."""


BOUNDS: Final[Mapping[tuple[str, str], tuple[int, int]]] = {
    ("agents", "max_depth"): (0, 2**31 - 1),
    ("memories", "max_raw_memories_for_consolidation"): (1, 4096),
    ("memories", "max_unused_days"): (0, 365),
    ("memories", "max_rollout_age_days"): (0, 90),
    ("memories", "min_rollout_idle_hours"): (1, 48),
    ("memories", "max_rollouts_per_startup"): (1, 128),
    ("memories", "min_rate_limit_remaining_percent"): (0, 100),
}
"""Numbers that count as the nearest one that makes sense, as the established server has it."""

_UNSUPPORTED: Final = tuple(key for key in KEYS if key.status == "unsupported")


def without_effect(table: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of known settings in a checked table of which nothing comes, and which ask for something."""
    for key in _UNSUPPORTED:
        if key.name in table and not _asks_for_nothing(key, table[key.name]):
            yield (key.name,)
    for pattern in UNSUPPORTED_INSIDE:
        yield from (path for path in _matching(table, pattern) if lookup(table, path))
    for name in features.without_effect(cast("dict[str, Any]", table.get("features") or {})):
        yield ("features", name)


def _asks_for_nothing(key: Key, value: Any) -> bool:
    return value is None or value == key.default or value in ({}, [], "", False)


def _matching(table: Mapping[str, Any], pattern: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    first, *rest = pattern
    for name in table if first == "*" else (first,):
        if not rest:
            yield (name,)
        elif isinstance(inner := table.get(name), dict):
            yield from ((name, *path) for path in _matching(cast("dict[str, Any]", inner), tuple(rest)))


def bounded(merged: Mapping[str, Any], path: tuple[str, str], default: int) -> int:
    """Return the number at a path of a checked table, or the bound that it counts as."""
    low, high = BOUNDS[path]
    value = lookup(merged, path)
    return min(max(default if value is None else int(value), low), high)


def out_of_bounds(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the paths of numbers of a checked table that count as others, and how to say so."""
    for path, (low, high) in BOUNDS.items():
        value = lookup(table, path)
        if isinstance(value, int) and not low <= value <= high:
            counts = bounded(table, path, low)
            yield path, f"`{'.'.join(path)} = {value}` counts as {counts}: it goes from {low} to {high}"
