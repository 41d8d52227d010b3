"""Hooks, and runs of them, as the protocol has them."""

from __future__ import annotations

from typing import Any

from codex_trio_protocol.v2 import hooks as wire

from codex_trio.extensions.hooks.hook import CommandHandler, Hook, HookListing, McpToolHandler, Run, camel

_OF_THREADS = frozenset({"SessionStart", "SessionEnd"})


def hook_notice(
    thread_id: str, turn_id: str, run: Run
) -> tuple[str, wire.HookStartedNotification | wire.HookCompletedNotification]:
    """Return the notification that a hook has begun, or has ended."""
    hook = run.hook
    summary = wire.HookRunSummary(
        id=run.id,
        event_name=camel(hook.event),
        handler_type="command" if isinstance(hook.handler, CommandHandler) else "mcpTool",
        execution_mode="async" if hook.is_async else "sync",
        scope="thread" if hook.event in _OF_THREADS else "turn",
        source_path=hook.source_path,
        source=hook.source,
        display_order=hook.order,
        status=run.status,
        status_message=hook.status_message,
        started_at=run.started_at,
        completed_at=run.completed_at,
        duration_ms=run.duration_ms,
        entries=[wire.HookOutputEntry(kind=kind, text=text) for kind, text in run.entries],
    )
    if run.status == "running":
        return "hook/started", wire.HookStartedNotification(thread_id=thread_id, turn_id=turn_id or None, run=summary)
    return "hook/completed", wire.HookCompletedNotification(thread_id=thread_id, turn_id=turn_id or None, run=summary)


def hooks_entry(cwd: str, listing: HookListing) -> wire.HooksListEntry:
    """Return the hooks of a folder; `cwd` as it was given."""
    return wire.HooksListEntry(
        cwd=cwd,
        hooks=[_hook(hook) for hook in listing.hooks],
        warnings=list(listing.warnings),
        errors=[wire.HookErrorInfo(path=path, message=message) for path, message in listing.errors],
    )


def _hook(hook: Hook) -> wire.CommandHookMetadata | wire.McpToolHookMetadata:
    common: dict[str, Any] = {
        "key": hook.key,
        "event_name": camel(hook.event),
        "matcher": hook.matcher,
        "timeout_sec": hook.seconds,
        "status_message": hook.status_message,
        "additional_context_limit": hook.context_limit,
        "source_path": hook.source_path,
        "source": hook.source,
        "plugin_id": hook.plugin_id,
        "display_order": hook.order,
        "enabled": hook.is_enabled,
        "is_managed": hook.trust == "managed",
        "current_hash": hook.current_hash,
        "trust_status": hook.trust,
    }
    match hook.handler:
        case CommandHandler(command, is_async):
            return wire.CommandHookMetadata(command=command, async_=is_async, **common)
        case McpToolHandler(server, tool):
            return wire.McpToolHookMetadata(server=server, tool=tool, **common)
