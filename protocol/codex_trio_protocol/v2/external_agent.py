"""TODO module external_agent"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import Int64, Known, Params, UInt32, Wire


class CommandMigration(Wire):
    """TODO CommandMigration"""

    name: str


class ExternalAgentConfigDetectParams(Params):
    """TODO ExternalAgentConfigDetectParams"""

    include_home: bool = False
    cwds: list[str] | None = None
    max_session_age_days: UInt32 | None = None
    max_sessions: UInt32 | None = None
    source: str | None = None
    migration_source: str | None = None


ExternalAgentConfigMigrationItemType: TypeAlias = Literal[
    "AGENTS_MD",
    "CONFIG",
    "SKILLS",
    "PLUGINS",
    "MCP_SERVER_CONFIG",
    "SUBAGENTS",
    "HOOKS",
    "COMMANDS",
    "MEMORY",
    "SESSIONS",
]
"""TODO ExternalAgentConfigMigrationItemType"""


class ExternalAgentConfigImportHistoryRecordSuccessParams(Params):
    """TODO ExternalAgentConfigImportHistoryRecordSuccessParams"""

    item_type: ExternalAgentConfigMigrationItemType
    cwd: str | None = None
    source: str | None = None
    target: str | None = None
    title: str | None = None


class ExternalAgentConfigImportItemTypeFailure(Wire):
    """TODO ExternalAgentConfigImportItemTypeFailure"""

    item_type: ExternalAgentConfigMigrationItemType
    error_type: str | None = None
    sub_error_type: str | None = None
    failure_stage: str
    message: str
    cwd: str | None = None
    source: str | None = None


class ExternalAgentConfigImportHistoryRecordTypeResultParams(Params):
    """TODO ExternalAgentConfigImportHistoryRecordTypeResultParams"""

    item_type: ExternalAgentConfigMigrationItemType
    successes: list[ExternalAgentConfigImportHistoryRecordSuccessParams]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


class ExternalAgentConfigImportHistoryRecordParams(Params):
    """TODO ExternalAgentConfigImportHistoryRecordParams"""

    provider_id: str
    item_type_results: list[ExternalAgentConfigImportHistoryRecordTypeResultParams]


class HookMigration(Wire):
    """TODO HookMigration"""

    name: str


class McpServerMigration(Wire):
    """TODO McpServerMigration"""

    name: str


class PluginsMigration(Wire):
    """TODO PluginsMigration"""

    marketplace_name: str
    plugin_names: list[str]


class SessionMigration(Wire):
    """TODO SessionMigration"""

    path: str
    cwd: str
    title: str | None = None


class SkillMigration(Wire):
    """TODO SkillMigration"""

    name: str


class SubagentMigration(Wire):
    """TODO SubagentMigration"""

    name: str


class MigrationDetails(Wire):
    """TODO MigrationDetails"""

    plugins: list[PluginsMigration] = field(default_factory=list)
    skills: list[SkillMigration] = field(default_factory=list)
    sessions: list[SessionMigration] = field(default_factory=list)
    mcp_servers: list[McpServerMigration] = field(default_factory=list)
    hooks: list[HookMigration] = field(default_factory=list)
    subagents: list[SubagentMigration] = field(default_factory=list)
    commands: list[CommandMigration] = field(default_factory=list)
    memory: list[str] | UnsetType = UNSET


class ExternalAgentConfigMigrationItem(Wire):
    """TODO ExternalAgentConfigMigrationItem"""

    item_type: ExternalAgentConfigMigrationItemType
    description: str
    cwd: str | None = None
    details: MigrationDetails | None = None


class ExternalAgentConfigImportParams(Params):
    """TODO ExternalAgentConfigImportParams"""

    migration_items: list[ExternalAgentConfigMigrationItem]
    source: str | None = None
    provider_id: str | None = None
    migration_source: str | None = None


class ExternalAgentConfigImportItemTypeSuccess(Wire):
    """TODO ExternalAgentConfigImportItemTypeSuccess"""

    item_type: ExternalAgentConfigMigrationItemType
    cwd: str | None = None
    source: str | None = None
    target: str | None = None
    title: str | None = None


class ExternalAgentConfigImportTypeResult(Wire):
    """TODO ExternalAgentConfigImportTypeResult"""

    item_type: ExternalAgentConfigMigrationItemType
    successes: list[ExternalAgentConfigImportItemTypeSuccess]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


class ExternalAgentConfigImportCompletedNotification(Wire):
    """TODO ExternalAgentConfigImportCompletedNotification"""

    import_id: str
    item_type_results: list[ExternalAgentConfigImportTypeResult]


class ExternalAgentConfigImportProgressNotification(Wire):
    """TODO ExternalAgentConfigImportProgressNotification"""

    import_id: str
    item_type_results: list[ExternalAgentConfigImportTypeResult]


ExternalAgentDetectedConnectorSource: TypeAlias = Annotated[str, Known("remoteMcpServersConfig", "sessionToolUse")]
"""TODO ExternalAgentDetectedConnectorSource"""


class ExternalAgentDetectedConnectorCandidate(Wire):
    """TODO ExternalAgentDetectedConnectorCandidate"""

    name: str
    session_count: UInt32
    source: ExternalAgentDetectedConnectorSource


class ExternalAgentConfigDetectResponse(Wire):
    """TODO ExternalAgentConfigDetectResponse"""

    items: list[ExternalAgentConfigMigrationItem]
    connectors: list[ExternalAgentDetectedConnectorCandidate] = field(default_factory=list)


class ExternalAgentConfigImportHistory(Wire):
    """TODO ExternalAgentConfigImportHistory"""

    import_id: str
    provider_id: str | None = None
    completed_at_ms: Int64
    successes: list[ExternalAgentConfigImportItemTypeSuccess]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


ExternalAgentImportedConnectorSource: TypeAlias = Annotated[str, Known("remoteMcpServersConfig")]
"""TODO ExternalAgentImportedConnectorSource"""


class ExternalAgentImportedConnectorCandidate(Wire):
    """TODO ExternalAgentImportedConnectorCandidate"""

    name: str
    session_count: UInt32
    source: ExternalAgentImportedConnectorSource


class ExternalAgentConfigImportHistoriesReadResponse(Wire):
    """TODO ExternalAgentConfigImportHistoriesReadResponse"""

    data: list[ExternalAgentConfigImportHistory]
    connectors: list[ExternalAgentImportedConnectorCandidate]


class ExternalAgentConfigImportHistoryRecordResponse(Wire):
    """TODO ExternalAgentConfigImportHistoryRecordResponse"""

    import_id: str


class ExternalAgentConfigImportResponse(Wire):
    """TODO ExternalAgentConfigImportResponse"""

    import_id: str
