"""What the user wants providers to be told with each request to a model, beside what they are told anyway.

Owns the setting's bounds. Does not own what else is told (engine/request.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codex_trio.config.layers import lookup
from codex_trio.config.nodes import Names, Text

_MOST = 16
_MOST_BYTES = 128
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_RESERVED = frozenset(
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
"""What is told anyway, or by other servers."""


def _problem(given: Mapping[str, Any]) -> str | None:
    if len(given) > _MOST:
        return f"responses_api_metadata may contain at most {_MOST} entries"
    for name, value in given.items():
        if not _NAME.fullmatch(name):
            return (
                f"responses_api_metadata keys must be short ASCII identifiers: `{name[:80]}` is none (a letter, then "
                "up to 63 letters, digits, `.`, `_` or `-`)"
            )
        if name in _RESERVED:
            return f"responses_api_metadata contains a reserved key: `{name}`, which is told anyway"
        if len(value.encode(errors="replace")) > _MOST_BYTES:
            return f"responses_api_metadata values may contain at most {_MOST_BYTES} bytes: that of `{name}` has more"
    return None


REQUEST_METADATA = Names(Text(), check=_problem)
"""The kind of the table `responses_api_metadata`."""


def request_metadata(merged: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a checked configuration wants to be told."""
    return lookup(merged, ["responses_api_metadata"]) or {}


def allows_analytics(merged: Mapping[str, Any]) -> bool:
    """Return whether a checked configuration lets providers use what they see for analytics."""
    return lookup(merged, ["analytics", "enabled"]) is not False
