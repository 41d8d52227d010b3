"""Hooks: commands and prompts that run at certain moments."""

from typing import Annotated, TypeAlias

from msgspec import field

from codex_trio_protocol.base import AbsolutePathBuf, AnyPath, Int64, Known, Open, Params, UInt, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString


class HooksListParams(Params):
    """List hooks, by folder or for a thread.

    Errors: -32600 for an unknown thread, and for both at once.
    """

    cwds: list[AnyPath] = field(default_factory=list)
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
"""When a hook runs."""


HookExecutionMode: TypeAlias = Annotated[str, Known("sync", "async")]
"""Whether it is waited for."""


HookHandlerType: TypeAlias = Annotated[str, Known("command", "mcpTool", "prompt", "agent")]
"""What a hook does."""


HookOutputEntryKind: TypeAlias = Annotated[str, Known("warning", "stop", "feedback", "context", "error")]
"""What a hook's words are for."""


class HookOutputEntry(Wire):
    """Words of a hook."""

    kind: HookOutputEntryKind
    text: str


HookRunStatus: TypeAlias = Annotated[str, Known("running", "completed", "failed", "blocked", "stopped")]
"""How a run stands."""


HookScope: TypeAlias = Annotated[str, Known("thread", "turn")]
"""Whether a hook belongs to a thread or a turn."""


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
"""Where a hook is configured."""


class HookRunSummary(Wire):
    """One run of a hook. Times are Unix seconds, the duration is in milliseconds; null until it ends."""

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
    """A hook has run; the turn is null outside turns."""

    thread_id: str
    turn_id: str | None = None
    run: HookRunSummary


class HookStartedNotification(Wire):
    """A hook runs; the turn is null outside turns."""

    thread_id: str
    turn_id: str | None = None
    run: HookRunSummary


class HookErrorInfo(Wire):
    """A hook that could not be read."""

    path: str
    message: str


HookTrustStatus: TypeAlias = Annotated[str, Known("managed", "untrusted", "trusted", "modified")]
"""Whether a hook may run."""


class HookMetadataBase(Wire, tag_field="handlerType"):
    """What all hooks share. The time limit is in seconds."""

    key: str
    event_name: HookEventName
    matcher: str | None = None
    timeout_sec: UInt64
    """In seconds."""
    status_message: str | None = None
    additional_context_limit: UInt | None = None
    """Tokens of context before it goes to a file; null is 2500, 0 never."""
    source_path: AbsolutePathBuf
    source: HookSource
    plugin_id: str | None = None
    environment_id: str | None = None
    display_order: Int64
    enabled: bool
    is_managed: bool
    current_hash: str
    """Digest that trust refers to."""
    trust_status: HookTrustStatus


class CommandHookMetadata(HookMetadataBase, tag="command"):
    """Runs a command, waiting for it or not."""

    command: str
    async_: bool = False


class McpToolHookMetadata(HookMetadataBase, tag="mcpTool"):
    """Calls a tool of an MCP server."""

    server: str
    tool: str


class PromptHookMetadata(HookMetadataBase, tag="prompt"):
    """Asks a model."""


class AgentHookMetadata(HookMetadataBase, tag="agent"):
    """Asks an agent."""


HookMetadata: TypeAlias = Open[CommandHookMetadata | McpToolHookMetadata | PromptHookMetadata | AgentHookMetadata]
"""A configured hook."""


class HooksListEntry(Wire):
    """Hooks for one folder."""

    cwd: str
    hooks: list[HookMetadata]
    warnings: list[str]
    errors: list[HookErrorInfo]


class HooksListResponse(Wire):
    """Hooks by folder, in the order of the question."""

    data: list[HooksListEntry]
