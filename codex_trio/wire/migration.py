"""What can be taken over from other agents, and what came of it, as the protocol has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from codex_trio_protocol.v2 import external_agent as wire

from codex_trio.migration.values import (
    ImportFailure,
    ImportSuccess,
    KindOutcome,
    MigrationItem,
    MigrationKind,
    PastImport,
    PluginChoice,
    SessionChoice,
)

_NAMED: dict[MigrationKind, str] = {
    "SKILLS": "skills",
    "MCP_SERVER_CONFIG": "mcp_servers",
    "HOOKS": "hooks",
    "SUBAGENTS": "subagents",
    "COMMANDS": "commands",
}


def item_to_wire(item: MigrationItem) -> wire.ExternalAgentConfigMigrationItem:
    """Return something that can be taken over."""
    details = None
    if item.names is not None or item.plugins is not None or item.sessions is not None:
        names, kind = item.names or (), item.kind
        details = wire.MigrationDetails(
            plugins=[
                wire.PluginsMigration(marketplace_name=one.marketplace, plugin_names=list(one.plugins))
                for one in item.plugins or ()
            ],
            sessions=[
                wire.SessionMigration(path=one.path, cwd=one.cwd, title=one.title) for one in item.sessions or ()
            ],
            skills=[wire.SkillMigration(name=name) for name in names if kind == "SKILLS"],
            mcp_servers=[wire.McpServerMigration(name=name) for name in names if kind == "MCP_SERVER_CONFIG"],
            hooks=[wire.HookMigration(name=name) for name in names if kind == "HOOKS"],
            subagents=[wire.SubagentMigration(name=name) for name in names if kind == "SUBAGENTS"],
            commands=[wire.CommandMigration(name=name) for name in names if kind == "COMMANDS"],
        )
    return wire.ExternalAgentConfigMigrationItem(
        item_type=item.kind,
        description=item.description,
        cwd=None if item.cwd is None else str(item.cwd),
        details=details,
    )


def item_of_wire(item: wire.ExternalAgentConfigMigrationItem) -> MigrationItem:
    """Return what a client wants of a kind."""
    details, kind = item.details, item.item_type
    names: tuple[str, ...] | None = None
    plugins: tuple[PluginChoice, ...] | None = None
    sessions: tuple[SessionChoice, ...] | None = None
    if details is not None:
        if kind in _NAMED:
            names = tuple(one.name for one in getattr(details, _NAMED[kind]))
        elif kind == "PLUGINS":
            plugins = tuple(PluginChoice(one.marketplace_name, tuple(one.plugin_names)) for one in details.plugins)
        elif kind == "SESSIONS":
            sessions = tuple(SessionChoice(path=one.path, cwd=one.cwd, title=one.title) for one in details.sessions)
    return MigrationItem(
        kind=kind,
        description=item.description,
        cwd=Path(item.cwd) if item.cwd else None,
        names=names,
        plugins=plugins,
        sessions=sessions,
    )


def outcomes_to_wire(outcomes: Sequence[KindOutcome]) -> list[wire.ExternalAgentConfigImportTypeResult]:
    """Return what came of some kinds."""
    return [
        wire.ExternalAgentConfigImportTypeResult(
            item_type=one.kind,
            successes=[_success(success) for success in one.successes],
            failures=[_failure(failure) for failure in one.failures],
        )
        for one in outcomes
    ]


def tell_import(
    notify: Callable[[str, Any], None], import_id: str, outcomes: Sequence[KindOutcome], *, is_over: bool
) -> None:
    """Tell clients what an import came to, so far or in all."""
    results = outcomes_to_wire(outcomes)
    if is_over:
        completed = wire.ExternalAgentConfigImportCompletedNotification(import_id=import_id, item_type_results=results)
        notify("externalAgentConfig/import/completed", completed)
    else:
        progress = wire.ExternalAgentConfigImportProgressNotification(import_id=import_id, item_type_results=results)
        notify("externalAgentConfig/import/progress", progress)


def past_to_wire(past: PastImport) -> wire.ExternalAgentConfigImportHistory:
    """Return an import of the past."""
    return wire.ExternalAgentConfigImportHistory(
        import_id=past.import_id,
        provider_id=past.provider_id,
        completed_at_ms=past.completed_at_ms,
        successes=[_success(success) for success in past.successes],
        failures=[_failure(failure) for failure in past.failures],
    )


def outcome_of_wire(given: wire.ExternalAgentConfigImportHistoryRecordTypeResultParams) -> KindOutcome:
    """Return what a client says came of a kind elsewhere."""
    return KindOutcome(
        kind=given.item_type,
        successes=tuple(
            ImportSuccess(kind=one.item_type, cwd=one.cwd, source=one.source, target=one.target, title=one.title)
            for one in given.successes
        ),
        failures=tuple(
            ImportFailure(
                kind=one.item_type,
                message=one.message,
                stage=one.failure_stage,
                error_type=one.error_type,
                sub_error_type=one.sub_error_type,
                cwd=one.cwd,
                source=one.source,
            )
            for one in given.failures
        ),
    )


def _success(success: ImportSuccess) -> wire.ExternalAgentConfigImportItemTypeSuccess:
    return wire.ExternalAgentConfigImportItemTypeSuccess(
        item_type=success.kind,
        cwd=success.cwd,
        source=success.source,
        target=success.target,
        title=success.title,
    )


def _failure(failure: ImportFailure) -> wire.ExternalAgentConfigImportItemTypeFailure:
    return wire.ExternalAgentConfigImportItemTypeFailure(
        item_type=failure.kind,
        error_type=failure.error_type,
        sub_error_type=failure.sub_error_type,
        failure_stage=failure.stage,
        message=failure.message,
        cwd=failure.cwd,
        source=failure.source,
    )
