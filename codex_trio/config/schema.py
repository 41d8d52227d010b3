"""Every key of `config.toml`: its kind, and the defaults that a reader is shown.

Owns: the key table.
Does not own: what a kind means (`nodes`), or the values a session finally uses (`load`).
Called by: `layers`, `load`, `read` and `write`.

Tables with `rest=Anything()` are read elsewhere, or only accepted; their keys are not judged here.
"""

from collections.abc import Mapping
from typing import Any

from codex_trio.config import features
from codex_trio.config.nodes import (
    Anything,
    Choice,
    Either,
    Flag,
    Integer,
    Names,
    PathText,
    Sequence,
    Table,
    Text,
    Toggle,
    integer,
)

BUILT_IN_PROVIDERS = ("openai", "ollama", "lmstudio", "amazon-bedrock")

OWN_KEYS = frozenset({"trust_projects_on_start"})
"""What only this server knows; shown to readers when it is set."""

# A project may not choose where requests go, who is told about them, or which profile counts.
PROJECT_DENIED_KEYS = (
    "openai_base_url",
    "chatgpt_base_url",
    "apps_mcp_product_sku",
    "model_provider",
    "model_providers",
    "notify",
    "profile",
    "profiles",
    "experimental_realtime_webrtc_call_base_url",
    "experimental_realtime_ws_base_url",
    "otel",
    "trust_projects_on_start",
)


def _provider_table_problem(providers: Mapping[str, Any]) -> str | None:
    reserved = [f"`{name}`" for name in sorted(providers) if name in BUILT_IN_PROVIDERS]
    if reserved:
        return (
            f"model_providers contains reserved built-in provider IDs: {', '.join(reserved)}. Built-in providers "
            "cannot be overridden. Rename your custom provider (for example, `openai-custom`)."
        )
    unnamed = next((name for name, provider in providers.items() if not provider.get("name")), None)
    return None if unnamed is None else f"model_providers.{unnamed}: provider name must not be empty"


def _mcp_server_problem(server: Mapping[str, Any]) -> str | None:
    if "command" in server:
        return "url is not supported for stdio" if "url" in server else None
    return None if "url" in server else "invalid transport"


def _approval_table_problem(policy: Mapping[str, Any]) -> str | None:
    unknown = next((name for name in policy if name != "granular"), None)
    if unknown is None:
        return None if policy else "expected a table with the key `granular`"
    return f"unknown variant `{unknown}`, expected one of {', '.join(f'`{word}`' for word in _APPROVAL_WORDS)}"


_TEXT, _PATH, _FLAG, _ANY, _TABLE = Text(), PathText(), Flag(), Anything(), Table({}, rest=Anything())
_TEXTS = Sequence(_TEXT)
_TEXT_MAP = Names(_TEXT)
_U64, _I64 = integer("u64"), integer("i64")
_USIZE = Integer("usize", 0, 2**64 - 1)
_APPROVAL_WORDS = ("untrusted", "on-failure", "on-request", "granular", "never")

APPROVAL_POLICY = Either(
    text=Choice(_APPROVAL_WORDS, refused={"granular": "invalid type: unit variant, expected struct variant"}),
    table=Table(
        {
            "granular": Table(
                {
                    "sandbox_approval": _FLAG,
                    "rules": _FLAG,
                    "skill_approval": _FLAG,
                    "request_permissions": _FLAG,
                    "mcp_elicitations": _FLAG,
                },
                required=("sandbox_approval", "rules", "mcp_elicitations"),
            )
        },
        rest=_ANY,
        opaque=True,
        check=_approval_table_problem,
    ),
    name="string or table",
)

MODEL_PROVIDER = Table(
    {
        "name": _TEXT,
        "base_url": _TEXT,
        "model_catalog_url": _TEXT,
        "env_key": _TEXT,
        "env_key_instructions": _TEXT,
        "experimental_bearer_token": _TEXT,
        "auth": _ANY,
        "gateway_oauth": _ANY,
        "aws": _ANY,
        "project_id": _TEXT,
        "location": _TEXT,
        "credential_file": _ANY,
        "wire_api": Choice(
            ("responses",),
            refused={
                "chat": '`wire_api = "chat"` is no longer supported.\n'
                'How to fix: set `wire_api = "responses"` in your provider config.'
            },
        ),
        "capabilities": _ANY,
        "query_params": _TEXT_MAP,
        "http_headers": _TEXT_MAP,
        "env_http_headers": _TEXT_MAP,
        "request_max_retries": _U64,
        "stream_max_retries": _U64,
        "stream_idle_timeout_ms": _U64,
        "websocket_connect_timeout_ms": _U64,
        "requires_openai_auth": _FLAG,
        "supports_websockets": _FLAG,
        "supports_standalone_web_search": _FLAG,
    }
)

SANDBOX_WORKSPACE_WRITE = Table(
    {
        "writable_roots": Sequence(_PATH),
        "network_access": _FLAG,
        "exclude_tmpdir_env_var": _FLAG,
        "exclude_slash_tmp": _FLAG,
    }
)

SHELL_ENVIRONMENT_POLICY = Table(
    {
        "inherit": Choice(("core", "all", "none")),
        "ignore_default_excludes": _FLAG,
        "exclude": _TEXTS,
        "set": _TEXT_MAP,
        "include_only": _TEXTS,
        "filters": _ANY,
        "experimental_use_profile": _FLAG,
    }
)

HISTORY = Table({"persistence": Choice(("save-all", "none")), "max_bytes": _USIZE})

_MCP_SERVER = Table(
    {"command": _TEXT, "args": _TEXTS, "env": _TEXT_MAP, "url": _TEXT, "enabled": _FLAG},
    rest=_ANY,
    check=_mcp_server_problem,
)

CONFIG = Table(
    {
        # what a client may rely on (the typed part of a read configuration)
        "model": _TEXT,
        "review_model": _TEXT,
        "model_context_window": _I64,
        "model_auto_compact_token_limit": _I64,
        "model_auto_compact_token_limit_scope": Choice(("total", "body_after_prefix")),
        "model_provider": _TEXT,
        "approval_policy": APPROVAL_POLICY,
        "approvals_reviewer": Choice(("user", "auto_review", "guardian_subagent")),
        "sandbox_mode": Choice(("read-only", "workspace-write", "danger-full-access")),
        "sandbox_workspace_write": SANDBOX_WORKSPACE_WRITE,
        "forced_chatgpt_workspace_id": _ANY,
        "forced_login_method": Choice(("chatgpt", "api")),
        "web_search": Choice(("disabled", "cached", "indexed", "live")),
        "tools": _TABLE,
        "instructions": _TEXT,
        "developer_instructions": _TEXT,
        "compact_prompt": _TEXT,
        "model_reasoning_effort": _TEXT,
        "model_reasoning_summary": Choice(("auto", "concise", "detailed", "none")),
        "model_verbosity": Choice(("low", "medium", "high")),
        "service_tier": _TEXT,
        "analytics": _TABLE,
        "apps": Table({}, rest=_TABLE, opaque=True),
        "browser_use": _TABLE,
        "computer_use": _TABLE,
        "desktop": Names(_ANY),
        # everything else
        "agents": Table(
            {
                "enabled": _FLAG,
                "max_threads": _USIZE,
                "max_concurrent_threads_per_session": _USIZE,
                "max_depth": integer("i32"),
                "job_max_runtime_seconds": _U64,
                "interrupt_message": _FLAG,
            },
            rest=_ANY,
            opaque=True,
        ),
        "allow_login_shell": _FLAG,
        "allow_symlinked_codex_home": _FLAG,
        "apps_mcp_product_sku": _TEXT,
        "audio": _TABLE,
        "auto_review": _TABLE,
        "background_terminal_max_timeout": _U64,
        "chatgpt_base_url": _TEXT,
        "check_for_update_on_startup": _FLAG,
        "cli_auth_credentials_store": Choice(("file", "keyring", "auto", "ephemeral")),
        "cloud": _TABLE,
        "daybreak": _FLAG,
        "default_permissions": _TEXT,
        "disable_paste_burst": _FLAG,
        "experimental_compact_prompt_file": _PATH,
        "experimental_realtime_start_instructions": _TEXT,
        "experimental_realtime_webrtc_call_base_url": _TEXT,
        "experimental_realtime_ws_backend_prompt": _TEXT,
        "experimental_realtime_ws_base_url": _TEXT,
        "experimental_realtime_ws_model": _TEXT,
        "experimental_realtime_ws_startup_context": _TEXT,
        "experimental_thread_store": Table({"type": Choice(("local", "in_memory")), "id": _TEXT}),
        "experimental_thread_store_endpoint": _TEXT,
        "experimental_use_unified_exec_tool": _FLAG,
        "features": Table({name: Toggle() for name in sorted(features.known_names())}, opaque=True),
        "feedback": Table({"enabled": _FLAG}, rest=_ANY),
        "file_opener": Choice(("vscode", "vscode-insiders", "windsurf", "cursor", "none")),
        "ghost_snapshot": _TABLE,
        "goals": _TABLE,
        "hide_agent_reasoning": _FLAG,
        "history": HISTORY,
        "hooks": _TABLE,
        "include_apps_instructions": _FLAG,
        "include_collaboration_mode_instructions": _FLAG,
        "include_environment_context": _FLAG,
        "include_environment_context_time": _FLAG,
        "include_permissions_instructions": _FLAG,
        "js_repl_node_module_dirs": Sequence(_PATH),
        "js_repl_node_path": _PATH,
        "log_dir": _PATH,
        "marketplaces": Names(_TABLE),
        "mcp_enterprise_managed_auth": _TABLE,
        "mcp_oauth_callback_port": integer("u16"),
        "mcp_oauth_callback_url": _TEXT,
        "mcp_oauth_credentials_store": Choice(("auto", "file", "keyring")),
        "mcp_optional_startup_grace_ms": _U64,
        "mcp_servers": Names(_MCP_SERVER),
        "memories": _TABLE,
        "model_catalog_json": _PATH,
        "model_instructions_file": _PATH,
        "model_post_turn_compact_threshold_percent": integer("u8"),
        "model_providers": Names(MODEL_PROVIDER, check=_provider_table_problem),
        "notice": _TABLE,
        "notify": _TEXTS,
        "openai_base_url": _TEXT,
        "orchestrator": _TABLE,
        "oss_provider": _TEXT,
        "otel": _TABLE,
        "permissions": Table({}, rest=_TABLE, opaque=True),
        "personality": Choice(("none", "friendly", "pragmatic")),
        "plan_mode_reasoning_effort": _TEXT,
        "plugins": Table({}, rest=_TABLE, opaque=True),
        "profile": _TEXT,
        "profiles": Names(_TABLE),
        "project_doc_fallback_filenames": _TEXTS,
        "project_doc_max_bytes": _USIZE,
        "project_root_markers": _TEXTS,
        "projects": Names(Table({"trust_level": Choice(("trusted", "untrusted"))})),
        "realtime": _TABLE,
        "responses_api_metadata": _TEXT_MAP,
        "shell_environment_policy": SHELL_ENVIRONMENT_POLICY,
        "show_raw_agent_reasoning": _FLAG,
        "skills": _TABLE,
        "sqlite_home": _PATH,
        "suppress_unstable_features_warning": _FLAG,
        "thread_unload_delay_secs": _U64,
        "tool_output_token_limit": _USIZE,
        "tool_suggest": _TABLE,
        "trust_projects_on_start": _FLAG,
        "tui": _TABLE,
        "windows": _TABLE,
    }
)

# What a reader sees for keys that are not set; every other known key reads as null.
READ_DEFAULTS: Mapping[str, Any] = {
    "allow_login_shell": True,
    "background_terminal_max_timeout": 300_000,
    "chatgpt_base_url": "https://chatgpt.com/backend-api/",
    "cli_auth_credentials_store": "file",
    "file_opener": "vscode",
    "hide_agent_reasoning": False,
    "history": {"persistence": "save-all"},
    "include_apps_instructions": True,
    "include_collaboration_mode_instructions": True,
    "include_environment_context": True,
    "include_environment_context_time": True,
    "include_permissions_instructions": True,
    "marketplaces": {},
    "mcp_oauth_credentials_store": "auto",
    "mcp_servers": {},
    "model_providers": {},
    "plugins": {},
    "profiles": {},
    "project_doc_fallback_filenames": [],
    "project_doc_max_bytes": 32_768,
    "project_root_markers": [".git"],
    "shell_environment_policy": {},
}
