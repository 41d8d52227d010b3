"""The feature switches of `[features]`: their names, stages and defaults.

Owns: the table of known switches and the resolved set of a configuration. Does not own: what a feature does.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec

from codex_trio.util.spelling import did_you_mean

Stage = Literal["stable", "beta", "underDevelopment", "deprecated", "removed"]
Effect = Literal["acted", "always", "client", "never"]
"""`acted`: this server goes by the switch; `always`: it does so whatever the switch says; `client`: programs on the
other side go by it; `never`: it does not do that."""

_TABLE: Final = """
analytics_plan_history beta off client
cli_resume_account_check development off client
daemon_auto_start stable on client
tui_workspace stable on client
tui_multi_backend development off client
tui_extensions_statusline beta off client
app_server_websocket_compression development off
transcript_v2 removed off
undo removed off
shell_tool stable on acted
view_image stable on acted
multi_env_copy_file development off
sleep_tool stable on always
secret_auth_storage stable off
unified_exec stable on always
unified_exec_tty stable on always
shell_zsh_fork removed off
unified_exec_zsh_fork removed off
shell_snapshot stable on
login_shell_package_path beta off
powershell_shell_version development off
shell_snapshot_v2 development off
deferred_executor development off
per_environment_context development off
cwd_relative_turn_diffs development off
js_repl removed off
content_item_kinds stable on
untrusted_as_tool_output stable on
executed_tool_call_metadata development off
stable_environment_tools removed off
code_mode development off acted
code_mode_tool_search development off
code_mode_buffered_exec removed off
code_mode_host stable on always
code_mode_host_grpc stable on
code_mode_host_output_truncation stable on always
code_mode_prewarm development off
restored_history_prewarm development off
code_mode_interrupt stable on always
code_mode_tool_description_first removed off
instant_interrupt development on always
interrupt_on_cancel development off
code_mode_only development off acted
code_mode_only_strict_3p_tools development off
js_repl_tools_only removed off
terminal_resize_reflow removed on
web_search_request deprecated off acted
web_search_cached deprecated off acted
standalone_web_search development off
hosted_search_policy development off
search_tool removed off
codex_git_commit removed off
runtime_metrics development off
critical_path_timing development off
sqlite removed on
memories stable off acted
external_agent_memory_import development off
local_thread_store_compression development off
local_thread_store_shared_compression removed off
background_paginated_rollout_migration development off
chronicle development off
apply_patch_freeform removed off
apply_patch_streaming_events development off acted
apply_patch_preserve_line_endings removed off
exec_permission_approvals development off acted
write_stdin_approval stable on
hooks stable on acted
request_permissions_tool development off acted
use_linux_sandbox_bwrap removed off
use_legacy_landlock deprecated off
request_rule removed off
experimental_windows_sandbox removed off
elevated_windows_sandbox removed off
windows_sandbox_service development off
prefer_mxc development off
remote_models removed off
api_key_model_discovery stable on
cli_daybreak stable on client
api_key_cyber_access_programs stable on
daybreak_program_propagation development off
enable_request_compression stable on acted
unbounded_connection_retries stable on
network_proxy beta off always
credential_masking development off
worktrees removed on
respect_system_proxy beta off
system_proxy_fallback stable on
multi_agent deprecated on acted
multi_agent_v2 stable off acted
model_catalog_in_context development off
multi_agent_v2_dynamic_tools development off
subagent_thread_environments development off
subagent_default_context_limits development off
defer_mailbox_preemption development off
wake_on_agent_messages development off
agent_message_board development off
agent_message_board_mcp development off
multi_agent_mode removed off
enable_fanout removed off
apps stable on
catalog_apps_instructions development off
psp development off
enable_mcp_apps development off
mcp_2026_07_28 development off
mcp_tool_list_changed development off always
mcp_connection_sharing development off
mcp_shared_repl_cwd development off
mcp_lazy_stdio_startup development off
multi_environment_mcp development off
apps_early_resource_discovery development off
codex_apps_mcp_2026_07_28 development off
mcp_oauth_refresh_coordination stable on always
use_xaa development off
apps_mcp_path_override removed off
tool_search removed off
tool_search_always_defer_mcp_tools removed on
deferred_tool_world_state stable on
command_sessions_world_state development off
incremental_tools stable on
incremental_tools_legacy stable on
incremental_tools_legacy_gcp stable on
suppress_model_change_announcements stable off
prediction_preserve_parent_tools stable on
incremental_exec_tools development off
non_prefixed_mcp_tool_names development off
unavailable_dummy_tools removed off
tool_suggest stable on
recommended_plugins stable off
plugins stable on acted
simplified_selection_hints development off
executor_capability_discovery development off
executor_capability_discovery_v2 development off
skip_host_skill_discovery development off
plugin_hooks removed off
in_app_browser stable on client
browser_annotation_api stable on client
in_app_chat stable on client
in_app_dictation stable on client
in_app_voice stable on client
in_app_local_automation stable on client
in_app_updates stable on client
browser_use stable on client
browser_use_full_cdp_access stable on client
browser_use_external stable on client
computer_use stable on client
remote_plugin stable on
plugin_discovery_prefetch removed off
plugin_sharing stable on
external_migration removed off
image_generation stable on
image_generation_animation development off client
omit_app_server_notification_media development off
file_backed_tool_audio development off
image_resize_notice development off
unified_image_budget stable on
safe_image_decoder development off
resize_all_images removed on
item_ids removed on
concurrent_reasoning_summaries development off
output_token_replay development off
skill_mcp_dependency_install stable on
omit_skill_descriptions development off
skill_search stable on
skill_catalog_deltas development off
skill_env_var_dependency_prompt removed off
mentions_v2 stable on client
steer removed on
default_mode_request_user_input development off acted
send_async_message removed off
send_message_to_user_async development off
terminal_visualization_instructions development off
guardian_approval stable on always
guardian_include_additional_context stable on
guardian_recorded_items development off
guardianv2.thread_context removed off
guardian_reuse_parent_compaction stable on
guardian_root_handoff_context development off
guardian_native_multi_agent_history development off
guardian_nested_approval_context development off
guardian_enhanced_node_repl_transcripts development off
guardian_node_repl_transcript_images development off
guardian_trust_orchestrator_connectors development off
guardian_conversation_history_tools development off
guardian_denial_reconsideration development off
guardianv2 development off
guardianv2_decisions_comparison development off
guardianv3 development off
guardian_ext removed off
goals stable on acted
token_budget development off acted
context_management development off
rollout_budget development off
reasoning_effort_override stable on
current_time_reminder development off
utc_environment_date development off
nonfatal_clock_read_errors development off
collaboration_modes removed on
tool_call_mcp_elicitation stable on always
auth_elicitation stable on
bedrock_setup_wizard stable on client
gcp_setup_wizard stable off client
gateway_setup_wizard stable off client
personality removed off
artifact development off
fast_mode stable on always
ultrafast_mode stable on always
step_model_switching development off acted
realtime_conversation removed on
remote_control removed off
image_detail_original removed off
tui_app_server removed on
prevent_idle_sleep beta off client
workspace_owner_usage_nudge removed off
responses_websockets removed off
responses_websockets_v2 removed off
remote_compaction_v2 removed off
async_compaction development off
async_compaction_root_only development off
compaction_image_budget stable on
retain_client_developer_messages development off
retain_client_tool_outputs stable on
use_agent_identity development off
runtime_agent_instances development off
workspace_dependencies stable on client
"""
"""The switches in the established server's order: name, stage, default, and what comes of one here (`Effect`)."""

_STAGES: Final[Mapping[str, Stage]] = MappingProxyType({"development": "underDevelopment"})


class Texts(NamedTuple):
    """What a person who may try something out reads."""

    title: str
    description: str
    announcement: str = ""


_NOT_HERE: Final = "This server does not do it"
_TEXTS: Final = MappingProxyType(
    {
        "analytics_plan_history": Texts("Analytics plan history", "What was left of allowances lately, in /analytics."),
        "tui_extensions_statusline": Texts("Custom status line", "A status line of your own: /statusline."),
        "login_shell_package_path": Texts(
            "Bundled tools in login shells", f"Keeps bundled tools on a login shell's PATH. {_NOT_HERE}."
        ),
        "network_proxy": Texts(
            "Network proxy",
            "Holds sandboxed sessions with network access to some hosts. "
            "This server always does, where the `network` table of a permission profile names some.",
        ),
        "respect_system_proxy": Texts(
            "System proxy", f"Uses the proxy settings of macOS or Windows. {_NOT_HERE}; it goes by HTTPS_PROXY."
        ),
        "prevent_idle_sleep": Texts("Prevent sleep while running", "Keeps the computer awake while a thread runs."),
    }
)
"""Of the switches in beta, which are the only ones with texts."""

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
    effect: Effect
    texts: Texts | None = None

    def is_on(self, *, enabled: bool) -> bool:
        """Return whether what the switch stands for is there when it is on or off.

        A removed one stands for what every client takes for granted, or for nothing.
        """
        return self.effect == "always" or (enabled and (self.effect != "never" or self.stage == "removed"))

    def asks_in_vain(self, *, enabled: bool) -> bool:
        """Return whether somebody who sets the switch so does not get it."""
        in_vain = {"always": not enabled, "never": enabled}.get(self.effect, False)
        return in_vain and self.stage != "removed"


def _read(line: str) -> Feature:
    name, stage, default, *effect = line.split()
    return Feature(
        name=name,
        stage=_STAGES.get(stage, cast("Stage", stage)),
        default_enabled=default == "on",
        effect=cast("Effect", effect[0]) if effect else "never",
        texts=_TEXTS.get(name),
    )


KNOWN: Final[Mapping[str, Feature]] = MappingProxyType(
    {feature.name: feature for feature in map(_read, _TABLE.strip().splitlines())}
)
"""Every switch a configuration may name, in the order in which they are listed."""


def known_names() -> frozenset[str]:
    """Return the names that `[features]` may hold, former ones included."""
    return frozenset(ALIASES) | KNOWN.keys()


_DEFAULTS: Final = MappingProxyType({feature.name: feature.default_enabled for feature in KNOWN.values()})
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


def unstable(configured: Mapping[str, Any]) -> list[str]:
    """Return the switches that a checked `[features]` turns on and that are under development."""
    current = {ALIASES.get(name, name) for name in configured}
    enabled = resolve(configured)
    return sorted(
        feature.name
        for feature in KNOWN.values()
        if feature.name in current
        and feature.stage == "underDevelopment"
        and enabled[feature.name]
        and not feature.default_enabled
        and feature.effect == "never"
    )


def without_effect(configured: Mapping[str, Any]) -> Iterator[str]:
    """Yield the switches of a checked `[features]` that ask for what this server does not do, or does in any case."""
    for name in configured:
        feature = KNOWN.get(ALIASES.get(name, name))
        if feature is not None and feature.asks_in_vain(enabled=resolve({name: configured[name]})[feature.name]):
            yield name
