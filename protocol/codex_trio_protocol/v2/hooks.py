"""TODO module hooks"""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import AbsolutePathBuf, Int64, Known, Open, Params, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class HooksListParams(Params):
    """TODO HooksListParams"""

    cwds: list[str] = field(default_factory=list)
    thread_id: str | None = None


HookEventName: TypeAlias = Annotated[
    str,
    Known(
        "preModelRequest",
        "postModelRequest",
        "preToolUse",
        "permissionRequest",
        "postToolUse",
        "preCompact",
        "postCompact",
        "sessionStart",
        "sessionEnd",
        "userPromptSubmit",
        "subagentStart",
        "subagentStop",
        "stop",
        "interrupt",
    ),
]
"""TODO HookEventName"""


HookExecutionMode: TypeAlias = Annotated[str, Known("sync", "async")]
"""TODO HookExecutionMode"""


HookHandlerType: TypeAlias = Annotated[str, Known("command", "mcpTool", "prompt", "agent")]
"""TODO HookHandlerType"""


HookOutputEntryKind: TypeAlias = Annotated[str, Known("warning", "stop", "feedback", "context", "error")]
"""TODO HookOutputEntryKind"""


class HookOutputEntry(Wire):
    """TODO HookOutputEntry"""

    kind: HookOutputEntryKind
    text: str


HookRunStatus: TypeAlias = Annotated[str, Known("running", "completed", "failed", "blocked", "stopped")]
"""TODO HookRunStatus"""


HookScope: TypeAlias = Annotated[str, Known("thread", "turn")]
"""TODO HookScope"""


HookSource: TypeAlias = Annotated[
    str,
    Known(
        "system",
        "user",
        "project",
        "mdm",
        "sessionFlags",
        "plugin",
        "cloudRequirements",
        "cloudManagedConfig",
        "legacyManagedConfigFile",
        "legacyManagedConfigMdm",
        "unknown",
    ),
]
"""TODO HookSource"""


class HookRunSummary(Wire):
    """TODO HookRunSummary"""

    id: str
    event_name: HookEventName
    handler_type: HookHandlerType
    execution_mode: HookExecutionMode
    scope: HookScope
    source_path: LegacyAppPathString
    source: HookSource = "unknown"
    display_order: Int64
    status: HookRunStatus
    status_message: str | None = None
    started_at: Int64
    completed_at: Int64 | None = None
    duration_ms: Int64 | None = None
    entries: list[HookOutputEntry]


class HookCompletedNotification(Wire):
    """TODO HookCompletedNotification"""

    thread_id: str
    turn_id: str | None = None
    run: HookRunSummary


class HookStartedNotification(Wire):
    """TODO HookStartedNotification"""

    thread_id: str
    turn_id: str | None = None
    run: HookRunSummary


class HookErrorInfo(Wire):
    """TODO HookErrorInfo"""

    path: str
    message: str


HookTrustStatus: TypeAlias = Annotated[str, Known("managed", "untrusted", "trusted", "modified")]
"""TODO HookTrustStatus"""


class HookMetadataBase(Wire, tag_field="handlerType"):
    """TODO HookMetadataBase"""

    key: str
    event_name: HookEventName
    matcher: str | None = None
    timeout_sec: UInt64
    status_message: str | None = None
    additional_context_limit: UInt64 | None = None
    source_path: AbsolutePathBuf
    source: HookSource
    plugin_id: str | None = None
    environment_id: str | None = None
    display_order: Int64
    enabled: bool
    is_managed: bool
    current_hash: str
    trust_status: HookTrustStatus


class CommandHookMetadata(HookMetadataBase, tag="command"):
    """TODO CommandHookMetadata"""

    command: str
    async_: bool = False


class McpToolHookMetadata(HookMetadataBase, tag="mcpTool"):
    """TODO McpToolHookMetadata"""

    server: str
    tool: str


class PromptHookMetadata(HookMetadataBase, tag="prompt"):
    """TODO PromptHookMetadata"""


class AgentHookMetadata(HookMetadataBase, tag="agent"):
    """TODO AgentHookMetadata"""


HookMetadata: TypeAlias = Open[CommandHookMetadata | McpToolHookMetadata | PromptHookMetadata | AgentHookMetadata]
"""TODO HookMetadata"""


class HooksListEntry(Wire):
    """TODO HooksListEntry"""

    cwd: str
    hooks: list[HookMetadata]
    warnings: list[str]
    errors: list[HookErrorInfo]


class HooksListResponse(Wire):
    """TODO HooksListResponse"""

    data: list[HooksListEntry]
