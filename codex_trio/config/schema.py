"""The kinds of the bigger keys of `config.toml`: policies, providers, the tables with known keys.

Owns: those kinds, under the names by which `keys` puts them into the table of all keys.
Does not own: what a kind means (`nodes`), or the values a session finally uses (`load`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from codex_trio.config.nodes import (
    Anything,
    Choice,
    Either,
    Flag,
    Inside,
    Integer,
    Names,
    PathText,
    Sequence,
    Table,
    Text,
    integer,
)
from codex_trio.util.serde_words import unknown_variant

ENV_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""The name of an environment variable."""

_OTHER_KEYS = ("env_key", "experimental_bearer_token", "requires_openai_auth")
"""Where a provider's key may come from but for a command."""

_METADATA_ENTRIES = 16
_METADATA_BYTES = 128
_METADATA_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_RESERVED_METADATA = frozenset(
    {
        "agent_name",
        "analytics_enabled",
        "auto_review_enabled",
        "code_mode_tool_names",
        "compaction",
        "context_window_id",
        "forked_from_thread_id",
        "guardian_credits_requested",
        "history_ingest_requested",
        "history_initialization",
        "installation_id",
        "model",
        "node_repl_auto_review_required",
        "node_repl_disabled",
        "parent_thread_id",
        "parent_turn_id",
        "reasoning_effort",
        "request_kind",
        "root_turn_id",
        "sandbox",
        "sandbox_mode",
        "session_id",
        "subagent_kind",
        "thread_id",
        "thread_source",
        "tool_namespaces_info",
        "turn_id",
        "turn_started_at_unix_ms",
        "turn_trigger",
        "window_id",
        "window_number",
        "workspaces",
        "x-codex-installation-id",
        "x-codex-parent-thread-id",
        "x-codex-turn-metadata",
        "x-codex-window-id",
        "x-openai-subagent",
    }
)
"""What providers are told anyway, or by other servers."""

BUILT_IN_PROVIDERS = ("openai", "ollama", "lmstudio", "amazon-bedrock", "amazon-bedrock-runtime")
GOOGLE_CLOUD = "gcp"
_ON_AWS = ("amazon-bedrock", "amazon-bedrock-runtime")
_CHANGEABLE_ON_AWS = ("base_url", "auth", "http_headers", "aws")


def provider_table_problem(providers: Mapping[str, Any]) -> Inside | None:
    reserved = [f"`{name}`" for name in sorted(providers) if name in BUILT_IN_PROVIDERS and name not in _ON_AWS]
    if reserved:
        return Inside(
            f"model_providers contains reserved built-in provider IDs: {', '.join(reserved)}. Built-in providers "
            "cannot be overridden. Rename your custom provider (for example, `openai-custom`).",
            (reserved[0].strip("`"),),
        )
    for name, provider in providers.items():
        other = next((key for key in provider if key not in _CHANGEABLE_ON_AWS), None) if name in _ON_AWS else None
        if other is not None:
            return Inside(
                f"model_providers.{name} only supports changing `base_url`, `auth`, `http_headers`, `aws.profile`, "
                f"`aws.region`, `aws.credential_export` and `aws.auth_refresh`, not `{other}`",
                (name, other),
            )
        if name not in (*_ON_AWS, GOOGLE_CLOUD) and not provider.get("name"):
            return Inside(f"model_providers.{name}: provider name must not be empty", (name, "name"))
        if name not in _ON_AWS and "aws" in provider:
            only = "provider aws is only supported for `amazon-bedrock` or `amazon-bedrock-runtime`"
            return Inside(f"model_providers.{name}: {only}", (name, "aws"))
    problems = ((name, _credential_problem(provider)) for name, provider in providers.items())
    return next(
        (
            Inside(f"model_providers.{name}: {problem.text}", (name, *problem.path))
            for name, problem in problems
            if problem is not None
        ),
        None,
    )


def _credential_problem(provider: Mapping[str, Any]) -> Inside | None:
    return _env_key_problem(provider) or _auth_problem(provider) or _aws_problem(provider.get("aws") or {})


def _aws_problem(aws: Mapping[str, Any]) -> Inside | None:
    for name in ("credential_export", "auth_refresh"):
        if name in aws and not aws[name]["command"].strip():
            return Inside(f"provider aws.{name}.command must not be empty", ("aws", name, "command"))
    if "auth_refresh" in aws and aws["auth_refresh"]["command"] != "aws":
        return Inside("provider aws.auth_refresh.command must be `aws`", ("aws", "auth_refresh", "command"))
    if "credential_export" in aws and "profile" in aws:
        return Inside("provider aws.credential_export cannot be combined with aws.profile", ("aws", "profile"))
    return None


def _env_key_problem(provider: Mapping[str, Any]) -> Inside | None:
    variable = provider.get("env_key")
    if variable is None or ENV_KEY.fullmatch(variable):
        return None
    # It may be the key itself, and is not shown.
    return Inside("provider env_key must be the name of an environment variable, such as MY_API_KEY", ("env_key",))


def _auth_problem(provider: Mapping[str, Any]) -> Inside | None:
    auth = provider.get("auth")
    if auth is None:
        return None
    if not auth["command"].strip():
        return Inside("provider auth.command must not be empty", ("auth", "command"))
    beside = next((name for name in _OTHER_KEYS if provider.get(name)), None)
    return None if beside is None else Inside(f"provider auth cannot be combined with {beside}", (beside,))


def _mcp_server_problem(server: Mapping[str, Any]) -> str | None:
    if "command" in server:
        return "url is not supported for stdio" if "url" in server else None
    return None if "url" in server else "invalid transport"


def _metadata_problem(given: Mapping[str, Any]) -> str | None:
    if len(given) > _METADATA_ENTRIES:
        return f"responses_api_metadata may contain at most {_METADATA_ENTRIES} entries"
    for name, value in given.items():
        if not _METADATA_NAME.fullmatch(name):
            return (
                f"responses_api_metadata keys must be short ASCII identifiers: `{name[:80]}` is none (a letter, then "
                "up to 63 letters, digits, `.`, `_` or `-`)"
            )
        if name in _RESERVED_METADATA:
            return f"responses_api_metadata contains a reserved key: `{name}`, which is told anyway"
        if len(value.encode(errors="replace")) > _METADATA_BYTES:
            return (
                f"responses_api_metadata values may contain at most {_METADATA_BYTES} bytes: that of `{name}` has more"
            )
    return None


def _filters_problem(filters: Mapping[str, Any]) -> str | None:
    seen = set[str]()
    for pattern in filters:
        if pattern.casefold() in seen:
            return f"duplicate shell environment filter `{pattern}` ignoring case"
        seen.add(pattern.casefold())
    return None


def _mixed_filters_problem(policy: Mapping[str, Any]) -> str | None:
    mixed = "filters" in policy and not policy.keys().isdisjoint(("exclude", "include_only"))
    return "cannot mix `filters` with legacy `exclude` or `include_only`" if mixed else None


def _approval_table_problem(policy: Mapping[str, Any]) -> str | None:
    unknown = next((name for name in policy if name != "granular"), None)
    if unknown is None:
        return None if policy else "expected a table with the key `granular`"
    return unknown_variant(unknown, _APPROVAL_WORDS)


TEXT, PATH, FLAG, ANY, TABLE = Text(), PathText(), Flag(), Anything(), Table({}, rest=Anything())
TEXTS = Sequence(TEXT)
TEXT_MAP = Names(TEXT)
REQUEST_METADATA = Names(TEXT, check=_metadata_problem)
U64, I64 = integer("u64"), integer("i64")
USIZE = Integer("usize", 0, 2**64 - 1)
_APPROVAL_WORDS = ("untrusted", "on-failure", "on-request", "granular", "never")

APPROVAL_POLICY = Either(
    text=Choice(_APPROVAL_WORDS, refused={"granular": "invalid type: unit variant, expected struct variant"}),
    table=Table(
        {
            "granular": Table(
                {
                    "sandbox_approval": FLAG,
                    "rules": FLAG,
                    "skill_approval": FLAG,
                    "request_permissions": FLAG,
                    "mcp_elicitations": FLAG,
                },
                required=("sandbox_approval", "rules", "mcp_elicitations"),
            )
        },
        rest=ANY,
        opaque=True,
        check=_approval_table_problem,
    ),
    name="string or table",
)

_NONZERO_U64 = Integer("a nonzero u64", 1, 2**64 - 1)

_AWS_COMMAND = Table({"command": TEXT, "args": TEXTS, "timeout_ms": _NONZERO_U64}, required=("command",))

AUTH_COMMAND = Table(
    {
        "command": TEXT,
        "args": TEXTS,
        "timeout_ms": _NONZERO_U64,
        "refresh_interval_ms": U64,
        "cwd": PATH,
    },
    required=("command",),
)

MODEL_PROVIDER = Table(
    {
        "name": TEXT,
        "base_url": TEXT,
        "model_catalog_url": TEXT,
        "env_key": TEXT,
        "env_key_instructions": TEXT,
        "experimental_bearer_token": TEXT,
        "auth": AUTH_COMMAND,
        "gateway_oauth": ANY,
        "aws": Table(
            {"profile": TEXT, "region": TEXT, "credential_export": _AWS_COMMAND, "auth_refresh": _AWS_COMMAND}
        ),
        "project_id": TEXT,
        "location": TEXT,
        "credential_file": ANY,
        "wire_api": Choice(
            ("responses",),
            refused={
                "chat": '`wire_api = "chat"` is no longer supported.\n'
                'How to fix: set `wire_api = "responses"` in your provider config.'
            },
        ),
        "capabilities": ANY,
        "query_params": TEXT_MAP,
        "http_headers": TEXT_MAP,
        "env_http_headers": TEXT_MAP,
        "request_max_retries": U64,
        "stream_max_retries": U64,
        "stream_idle_timeout_ms": _NONZERO_U64,
        "websocket_connect_timeout_ms": U64,
        "requires_openai_auth": FLAG,
        "supports_websockets": FLAG,
        "supports_standalone_web_search": FLAG,
    }
)

VOICES: Mapping[str, tuple[str, ...]] = {
    "v1": ("juniper", "maple", "spruce", "ember", "vale", "breeze", "arbor", "sol", "cove"),
    "v2": ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"),
    "v3": (
        *("juniper", "maple", "spruce", "ember", "vale", "breeze", "arbor", "sol", "cove", "marin", "aube", "bubbie"),
        *("haetsal", "hanul", "himari", "leher", "miko", "neer", "porto", "rindo", "rio", "rivage", "selva", "sonna"),
        *("tinta", "viola"),
    ),
}
"""The voices of realtime models, by generation."""

REALTIME = Table(
    {
        "version": Choice(tuple(VOICES)),
        "type": Choice(("conversational", "transcription")),
        # Clients that ask for voice sessions by themselves go by it; who asks this server for one says how.
        "transport": Choice(("webrtc", "websocket")),
        "voice": Choice(tuple(dict.fromkeys(voice for voices in VOICES.values() for voice in voices))),
    }
)

SKILLS = Table(
    {
        "config": Sequence(Table({"name": TEXT, "path": PATH, "enabled": FLAG}, required=("enabled",))),
        "bundled": Table({"enabled": FLAG}),
        "include_instructions": FLAG,
    }
)

COMMAND_LIMITS = Table(
    {
        "max_processes": Integer("0 or a number of processes", 0, 2**22),
        "max_memory_bytes": Integer("a number of bytes from 64 MiB on", 64 * 2**20, 2**62),
        "max_file_bytes": Integer("a number of bytes from 1 on", 1, 2**62),
        "max_open_files": Integer("a number of files from 64 on", 64, 2**20),
        "max_core_bytes": Integer("a number of bytes", 0, 2**62),
        "control_groups": FLAG,
    }
)

SANDBOX_WORKSPACE_WRITE = Table(
    {
        "writable_roots": Sequence(PATH),
        "network_access": FLAG,
        "exclude_tmpdir_env_var": FLAG,
        "exclude_slash_tmp": FLAG,
    }
)

SHELL_ENVIRONMENT_POLICY = Table(
    {
        "inherit": Choice(("core", "all", "none")),
        "ignore_default_excludes": FLAG,
        "exclude": TEXTS,
        "set": TEXT_MAP,
        "include_only": TEXTS,
        "filters": Names(Choice(("include", "exclude")), check=_filters_problem),
        "experimental_use_profile": FLAG,
    },
    check=_mixed_filters_problem,
)

OTEL = Table({"headers_helper": TEXT, "headers_helper_refresh_interval_ms": _NONZERO_U64}, rest=ANY)

HISTORY = Table({"persistence": Choice(("save-all", "none")), "max_bytes": USIZE})

MEMORIES = Table(
    {
        "version": ANY,
        "dual_write": ANY,
        "disable_on_external_context": FLAG,
        "generate_memories": FLAG,
        "use_memories": FLAG,
        "dedicated_tools": ANY,
        "max_raw_memories_for_consolidation": USIZE,
        "max_unused_days": I64,
        "max_rollout_age_days": I64,
        "max_rollouts_per_startup": USIZE,
        "min_rollout_idle_hours": I64,
        "min_rate_limit_remaining_percent": I64,
        "extract_model": TEXT,
        "consolidation_model": TEXT,
        "consolidation_service_tier": TEXT,
    }
)

MCP_SERVER = Table(
    {
        "command": TEXT,
        "args": TEXTS,
        "env": TEXT_MAP,
        "url": TEXT,
        "enabled": FLAG,
        # What is wrong with these is told of the server, which fails alone.
        **dict.fromkeys(
            (
                "bearer_token",
                "bearer_token_env_var",
                "cwd",
                "default_tools_approval_mode",
                "disabled_tools",
                "enabled_tools",
                "env_http_headers",
                "env_vars",
                "auth",
                "environment_id",
                "experimental_environment",
                "http_headers",
                "http_headers_helper",
                "name",
                "oauth_resource",
                "omit_tools_from",
                "required",
                "scopes",
                "shared",
                "startup_readiness",
                "startup_timeout_ms",
                "startup_timeout_sec",
                "supports_parallel_tool_calls",
                "tool_timeout_sec",
            ),
            ANY,
        ),
        "oauth": Anything(Table(dict.fromkeys(("callback_port", "callback_url", "client_id", "client_secret"), ANY))),
        "tools": Anything(Names(Table({"approval_mode": ANY}))),
    },
    check=_mcp_server_problem,
)

_ACCESS = Choice(("read", "write", "deny", "none"))

PERMISSION_PROFILE = Table(
    {
        "description": TEXT,
        "extends": TEXT,
        "workspace_roots": Names(FLAG),
        "filesystem": Table(
            {"glob_scan_max_depth": integer("u16")},
            rest=Either(_ACCESS, Names(_ACCESS), "an access or a table of paths"),
        ),
        "network": Table(
            {
                "enabled": FLAG,
                "mode": Choice(("limited", "full")),
                "domains": Names(Choice(("allow", "deny"))),
                "unix_sockets": Names(Choice(("allow", "deny", "none"))),
                "allow_local_binding": FLAG,
                "enable_socks5": FLAG,
            },
            rest=ANY,
        ),
    }
)
