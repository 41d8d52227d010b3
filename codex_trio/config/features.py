"""The feature switches of `[features]`: their names, stages and defaults.

Owns: the table of known switches and the resolved set of a configuration. Does not own: what a feature does.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, cast

import msgspec

from codex_trio.util.spelling import did_you_mean

Stage = Literal["stable", "beta", "underDevelopment", "deprecated", "removed"]

_STABLE_ON = """
tui_workspace
daemon_auto_start shell_tool view_image sleep_tool unified_exec unified_exec_tty shell_snapshot content_item_kinds
untrusted_as_tool_output code_mode_host code_mode_host_grpc code_mode_host_output_truncation code_mode_interrupt
write_stdin_approval hooks api_key_model_discovery cli_daybreak api_key_cyber_access_programs
enable_request_compression unbounded_connection_retries system_proxy_fallback apps mcp_oauth_refresh_coordination
deferred_tool_world_state incremental_tools incremental_tools_legacy
incremental_tools_legacy_gcp prediction_preserve_parent_tools tool_suggest
plugins in_app_browser browser_annotation_api in_app_chat in_app_dictation in_app_voice in_app_local_automation
in_app_updates browser_use browser_use_full_cdp_access browser_use_external computer_use remote_plugin plugin_sharing
image_generation unified_image_budget skill_mcp_dependency_install skill_search mentions_v2 guardian_approval
guardian_include_additional_context guardian_reuse_parent_compaction goals reasoning_effort_override
tool_call_mcp_elicitation auth_elicitation bedrock_setup_wizard fast_mode ultrafast_mode compaction_image_budget
retain_client_tool_outputs workspace_dependencies
"""
_STABLE_OFF = """
secret_auth_storage memories multi_agent_v2 suppress_model_change_announcements
recommended_plugins gcp_setup_wizard gateway_setup_wizard
"""
_BETA = """
analytics_plan_history login_shell_package_path network_proxy respect_system_proxy prevent_idle_sleep
tui_extensions_statusline
"""
_DEVELOPMENT_ON = "instant_interrupt"
_DEVELOPMENT_OFF = """
cli_resume_account_check tui_multi_backend app_server_websocket_compression
multi_env_copy_file powershell_shell_version shell_snapshot_v2 deferred_executor cwd_relative_turn_diffs
executed_tool_call_metadata code_mode code_mode_tool_search code_mode_prewarm interrupt_on_cancel code_mode_only
code_mode_only_strict_3p_tools standalone_web_search hosted_search_policy runtime_metrics critical_path_timing
external_agent_memory_import local_thread_store_compression background_paginated_rollout_migration chronicle
apply_patch_streaming_events exec_permission_approvals request_permissions_tool windows_sandbox_service prefer_mxc
daybreak_program_propagation credential_masking model_catalog_in_context multi_agent_v2_dynamic_tools
subagent_thread_environments subagent_default_context_limits defer_mailbox_preemption wake_on_agent_messages
agent_message_board agent_message_board_mcp psp enable_mcp_apps mcp_2026_07_28 mcp_tool_list_changed
mcp_connection_sharing mcp_lazy_stdio_startup apps_early_resource_discovery codex_apps_mcp_2026_07_28 use_xaa
command_sessions_world_state incremental_exec_tools non_prefixed_mcp_tool_names simplified_selection_hints
executor_capability_discovery executor_capability_discovery_v2 skip_host_skill_discovery image_generation_animation
omit_app_server_notification_media image_resize_notice concurrent_reasoning_summaries output_token_replay
omit_skill_descriptions skill_catalog_deltas default_mode_request_user_input send_message_to_user_async
terminal_visualization_instructions guardian_recorded_items guardian_root_handoff_context
guardian_native_multi_agent_history guardian_enhanced_node_repl_transcripts guardian_node_repl_transcript_images
guardian_trust_orchestrator_connectors guardian_conversation_history_tools guardian_denial_reconsideration guardianv2
guardianv2_decisions_comparison guardianv3 token_budget context_management rollout_budget current_time_reminder
nonfatal_clock_read_errors artifact step_model_switching async_compaction async_compaction_root_only
retain_client_developer_messages use_agent_identity runtime_agent_instances
catalog_apps_instructions file_backed_tool_audio guardian_nested_approval_context mcp_shared_repl_cwd
multi_environment_mcp per_environment_context restored_history_prewarm safe_image_decoder utc_environment_date
"""
_DEPRECATED_ON = "multi_agent"
_DEPRECATED_OFF = "web_search_request web_search_cached use_legacy_landlock"
_REMOVED_ON = """
terminal_resize_reflow sqlite worktrees tool_search_always_defer_mcp_tools resize_all_images item_ids steer
collaboration_modes realtime_conversation tui_app_server
"""
_REMOVED_OFF = """
transcript_v2 undo shell_zsh_fork unified_exec_zsh_fork js_repl stable_environment_tools code_mode_buffered_exec
code_mode_tool_description_first js_repl_tools_only search_tool codex_git_commit local_thread_store_shared_compression
apply_patch_freeform apply_patch_preserve_line_endings use_linux_sandbox_bwrap request_rule
experimental_windows_sandbox elevated_windows_sandbox remote_models multi_agent_mode enable_fanout
apps_mcp_path_override tool_search unavailable_dummy_tools plugin_hooks plugin_discovery_prefetch external_migration
skill_env_var_dependency_prompt send_async_message guardianv2.thread_context guardian_ext personality remote_control
image_detail_original workspace_owner_usage_nudge responses_websockets responses_websockets_v2 remote_compaction_v2
"""
_GROUPS: tuple[tuple[Stage, bool, str], ...] = (
    ("stable", True, _STABLE_ON),
    ("stable", False, _STABLE_OFF),
    ("beta", False, _BETA),
    ("underDevelopment", True, _DEVELOPMENT_ON),
    ("underDevelopment", False, _DEVELOPMENT_OFF),
    ("deprecated", True, _DEPRECATED_ON),
    ("deprecated", False, _DEPRECATED_OFF),
    ("removed", True, _REMOVED_ON),
    ("removed", False, _REMOVED_OFF),
)

# Former names, still accepted in a file.
ALIASES = {
    "collab": "multi_agent",
    "connectors": "apps",
    "codex_hooks": "hooks",
    "web_search": "web_search_request",
    "enable_experimental_windows_sandbox": "experimental_windows_sandbox",
    "telepathy": "chronicle",
    "memory_tool": "memories",
    "experimental_use_unified_exec_tool": "unified_exec",
}


class Feature(msgspec.Struct, frozen=True):
    """One switch. Protocol source: `ExperimentalFeature`."""

    name: str
    stage: Stage
    default_enabled: bool


def known() -> Iterator[Feature]:
    """Yield every switch a configuration may name, stable ones first."""
    for stage, enabled, names in _GROUPS:
        for name in names.split():
            yield Feature(name=name, stage=stage, default_enabled=enabled)


def known_names() -> frozenset[str]:
    """Return the names that `[features]` may hold, former ones included."""
    return frozenset(ALIASES) | {feature.name for feature in known()}


HONOURED: Final = frozenset(
    {
        "code_mode",
        "code_mode_only",
        "exec_permission_approvals",
        "goals",
        "memories",
        "multi_agent",
        "multi_agent_v2",
        "request_permissions_tool",
        "plugins",
        "shell_tool",
        "step_model_switching",
        "token_budget",
        "view_image",
        "web_search_cached",
        "web_search_request",
    }
)
"""The switches that are acted on."""

_ALWAYS_ON: Final = frozenset({"unified_exec", "unified_exec_tty"})
"""What this server does whatever the switch says; everything else that is not acted on it does not do."""

_MOOT: Final = frozenset(_REMOVED_ON.split()) | frozenset(_REMOVED_OFF.split())


_DEFAULTS: Final = MappingProxyType({feature.name: feature.default_enabled for feature in known()})
"""Made once: every load of a configuration begins with it."""


SETTABLE: Final = (
    "api_key_cyber_access_programs",
    "api_key_model_discovery",
    "auth_elicitation",
    "background_paginated_rollout_migration",
    "codex_apps_mcp_2026_07_28",
    "daybreak_program_propagation",
    "mcp_2026_07_28",
    "mcp_connection_sharing",
    "mcp_lazy_stdio_startup",
    "mcp_shared_repl_cwd",
    "memories",
    "mentions_v2",
    "remote_control",
    "remote_plugin",
    "tool_suggest",
    "windows_sandbox_service",
)
"""The switches that clients may set while the server runs, and are always shown (0.171.0)."""


def resolve(configured: Mapping[str, Any], *, chosen: Mapping[str, bool] | None = None) -> dict[str, bool]:
    """Return every known switch, on or off: as configured (a table counts by its `enabled`), else as clients have
    chosen, else its default.
    """
    enabled = {**_DEFAULTS, **(chosen or {})}
    for name, value in configured.items():
        current = ALIASES.get(name, name)
        if current in enabled and isinstance(value, dict):
            enabled[current] = bool(cast("dict[str, Any]", value).get("enabled", True))
        elif current in enabled:
            enabled[current] = value
    return enabled


def not_taken(chosen: Iterable[str]) -> Iterator[str]:
    """Yield what a client is told of switches that it may not set while the server runs, or that there are not."""
    for name in chosen:
        if name in known_names():
            if name not in SETTABLE:
                yield f"`{name}` cannot be set by clients; set `features.{name}` in config.toml"
        else:
            yield f"`{name}` is not known.{did_you_mean(name, SETTABLE)}"


def is_done(name: str, *, enabled: bool) -> bool:
    """Return whether this server does what a switch stands for when that is on or off."""
    return name in _ALWAYS_ON or (enabled and name in HONOURED)


def unstable(configured: Mapping[str, Any]) -> list[str]:
    """Return the switches that a checked `[features]` turns on and that are under development."""
    current = {ALIASES.get(name, name) for name in configured}
    enabled = resolve(configured)
    return sorted(
        feature.name
        for feature in known()
        if feature.name in current
        and feature.stage == "underDevelopment"
        and enabled[feature.name]
        and not feature.default_enabled
        and feature.name not in HONOURED
    )


def without_effect(configured: Mapping[str, Any]) -> Iterator[str]:
    """Yield the switches of a checked `[features]` that ask for what this server does not do, or does in any case."""
    for name in configured:
        current = ALIASES.get(name, name)
        if current in HONOURED or current in _MOOT or current not in _DEFAULTS:
            continue
        if resolve({name: configured[name]})[current] != (current in _ALWAYS_ON):
            yield name
