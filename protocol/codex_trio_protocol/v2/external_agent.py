"""Taking over what another agent program left on this machine."""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import Always, AnyPath, Int64, Known, OpenWord, Params, UInt32, Wire


class CommandMigration(Wire):
    """A command to take over."""

    name: str


class ExternalAgentConfigDetectParams(Params):
    """Look for another agent's files, at home and in some folders."""

    include_home: bool = False
    cwds: list[AnyPath] | None = None
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
"""What kind of thing was found."""


class ExternalAgentConfigImportHistoryRecordSuccessParams(Params):
    """Something that was taken over."""

    item_type: ExternalAgentConfigMigrationItemType
    cwd: AnyPath | None = None
    source: str | None = None
    target: str | None = None
    title: str | None = None


class ExternalAgentConfigImportItemTypeFailure(Wire):
    """Something that could not be taken over, and why. Null where not known."""

    item_type: ExternalAgentConfigMigrationItemType
    error_type: str | None = None
    sub_error_type: str | None = None
    failure_stage: str
    message: str
    cwd: AnyPath | None = None
    source: str | None = None


class ExternalAgentConfigImportHistoryRecordTypeResultParams(Params):
    """What came of one kind of thing."""

    item_type: ExternalAgentConfigMigrationItemType
    successes: list[ExternalAgentConfigImportHistoryRecordSuccessParams]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


class ExternalAgentConfigImportHistoryRecordParams(Params):
    """Note an import that another program made."""

    provider_id: str
    item_type_results: list[ExternalAgentConfigImportHistoryRecordTypeResultParams]


class HookMigration(Wire):
    """A hook to take over."""

    name: str


class McpServerMigration(Wire):
    """An MCP server to take over."""

    name: str


class PluginsMigration(Wire):
    """Plugins to take over."""

    marketplace_name: str
    plugin_names: list[str]


class SessionMigration(Wire):
    """A conversation to take over."""

    path: AnyPath
    cwd: AnyPath
    title: str | None = None


class SkillMigration(Wire):
    """A skill to take over."""

    name: str


class SubagentMigration(Wire):
    """A sub-agent to take over."""

    name: str


class MigrationDetails(Wire):
    """What exactly would be taken over."""

    plugins: list[PluginsMigration] = field(default_factory=list)
    skills: list[SkillMigration] = field(default_factory=list)
    sessions: list[SessionMigration] = field(default_factory=list)
    mcp_servers: list[McpServerMigration] = field(default_factory=list)
    hooks: list[HookMigration] = field(default_factory=list)
    subagents: list[SubagentMigration] = field(default_factory=list)
    commands: list[CommandMigration] = field(default_factory=list)
    memory: list[str] | UnsetType = UNSET


class ExternalAgentConfigMigrationItem(Wire):
    """Something to take over. Null or no folder means the user's home."""

    item_type: ExternalAgentConfigMigrationItemType
    description: str
    cwd: AnyPath | None = None
    details: MigrationDetails | None = None


class ExternalAgentConfigImportParams(Params):
    """Take things over; outcomes come as notifications."""

    migration_items: list[ExternalAgentConfigMigrationItem]
    source: str | None = None
    provider_id: str | None = None
    migration_source: str | None = None


class ExternalAgentConfigImportItemTypeSuccess(Wire):
    """Something that was taken over. Null where it does not apply."""

    item_type: OpenWord[ExternalAgentConfigMigrationItemType]
    cwd: str | None = None
    source: str | None = None
    target: str | None = None
    title: str | None = None


class ExternalAgentConfigImportTypeResult(Wire):
    """What came of one kind of thing."""

    item_type: OpenWord[ExternalAgentConfigMigrationItemType]
    successes: list[ExternalAgentConfigImportItemTypeSuccess]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


class ExternalAgentConfigImportCompletedNotification(Wire):
    """An import is over."""

    import_id: Annotated[str, Always()] = ""
    item_type_results: Annotated[list[ExternalAgentConfigImportTypeResult], Always()] = field(default_factory=list)


class ExternalAgentConfigImportProgressNotification(Wire):
    """An import has come further."""

    import_id: str
    item_type_results: list[ExternalAgentConfigImportTypeResult]


ExternalAgentDetectedConnectorSource: TypeAlias = Annotated[str, Known("remoteMcpServersConfig", "sessionToolUse")]
"""Where an app was seen."""


class ExternalAgentDetectedConnectorCandidate(Wire):
    """An app that the other agent used."""

    name: str
    session_count: UInt32
    source: ExternalAgentDetectedConnectorSource


class ExternalAgentConfigDetectResponse(Wire):
    """What could be taken over."""

    items: list[ExternalAgentConfigMigrationItem]
    connectors: list[ExternalAgentDetectedConnectorCandidate] = field(default_factory=list)


class ExternalAgentConfigImportHistory(Wire):
    """An import of the past. The time is Unix milliseconds."""

    import_id: str
    provider_id: str | None = None
    completed_at_ms: Int64
    successes: list[ExternalAgentConfigImportItemTypeSuccess]
    failures: list[ExternalAgentConfigImportItemTypeFailure]


ExternalAgentImportedConnectorSource: TypeAlias = Annotated[str, Known("remoteMcpServersConfig")]
"""Where an app was seen."""


class ExternalAgentImportedConnectorCandidate(Wire):
    """An app that the other agent used."""

    name: str
    session_count: UInt32
    source: ExternalAgentImportedConnectorSource


class ExternalAgentConfigImportHistoriesReadResponse(Wire):
    """Imports of the past."""

    data: list[ExternalAgentConfigImportHistory]
    connectors: list[ExternalAgentImportedConnectorCandidate]


class ExternalAgentConfigImportHistoryRecordResponse(Wire):
    """The import's id."""

    import_id: str


class ExternalAgentConfigImportResponse(Wire):
    """The import's id."""

    import_id: Annotated[str, Always()] = ""
