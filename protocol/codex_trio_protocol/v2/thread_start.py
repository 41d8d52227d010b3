"""Starting, resuming and forking threads."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    AbsolutePathParam,
    AnyPath,
    FirstByDefault,
    JsonObject,
    JsonValue,
    Open,
    OpenWord,
    Params,
    Tagged,
    UInt32,
    Until,
    Wire,
)
from codex_trio_protocol.v2.common import (
    CollaborationMode,
    LegacyAppPathString,
    MultiAgentMode,
    Personality,
    ReasoningEffort,
    ResponseItem,
    SortDirection,
    ThreadSource,
)
from codex_trio_protocol.v2.environment import TurnEnvironmentParams
from codex_trio_protocol.v2.permissions import (
    ActivePermissionProfile,
    ApprovalsReviewer,
    AskForApproval,
    SandboxMode,
    SandboxPolicy,
)
from codex_trio_protocol.v2.thread import Thread, ThreadHistoryMode
from codex_trio_protocol.v2.thread_list import TurnsPage
from codex_trio_protocol.v2.turn import TurnItemsView


class EnvironmentCapabilityRootLocation(Tagged, tag="environment"):
    """A folder in an environment."""

    environment_id: str
    path: str


CapabilityRootLocation: TypeAlias = EnvironmentCapabilityRootLocation
"""Where a capability root is."""


class FunctionDynamicToolNamespaceTool(Tagged, tag="function"):
    """A tool within a namespace."""

    name: str
    description: str
    input_schema: JsonValue
    """JSON Schema of the arguments."""
    defer_loading: bool = False
    """The model sees the tool only after searching for it."""


DynamicToolNamespaceTool: TypeAlias = FunctionDynamicToolNamespaceTool
"""A member of a namespace of tools."""


class FunctionDynamicToolSpec(Tagged, tag="function"):
    """A single tool."""

    name: str
    description: str
    input_schema: JsonValue
    """JSON Schema of the arguments."""
    defer_loading: bool = False
    """The model sees the tool only after searching for it."""
    namespace: Annotated[str | None, Until("0.131.0")] = None
    """The group that the tool belongs to."""


class NamespaceDynamicToolSpec(Tagged, tag="namespace"):
    """Several tools under one name."""

    name: str
    description: str
    tools: list[DynamicToolNamespaceTool]


DynamicToolSpec: TypeAlias = FunctionDynamicToolSpec | NamespaceDynamicToolSpec
"""A tool that the client runs. One without a `type`, as older clients send it, is a function."""


class SelectedCapabilityRoot(Params):
    """A folder that brings skills or plugins along."""

    id: str
    location: CapabilityRootLocation


class ThreadForkParams(Params):
    """Begin a new thread with the history of another, named by id or by rollout file. Null settings are inherited.

    Errors: -32600 when no rollout exists, the thread is archived, a turn is unknown, or settings contradict one
    another.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {
            "attach_to_source",
            "before_turn_id",
            "defer_goal_continuation",
            "experimental_disable_prediction_mcp",
            "experimental_prediction_mode",
            "path",
            "permissions",
            "runtime_workspace_roots",
        }
    )

    thread_id: str
    experimental_prediction_mode: bool = False
    """Share as much of the source's prompt as possible."""
    experimental_disable_prediction_mcp: bool = False
    """Without MCP servers; only with prediction mode."""
    last_turn_id: str | None = None
    """The last turn to keep; null keeps all."""
    before_turn_id: str | None = None
    """The first turn to drop; not together with `last_turn_id`."""
    path: AnyPath | None = None
    """A rollout file to fork; the thread id is ignored then."""
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | UnsetType | None = UNSET
    """Null returns to the default, absence inherits."""
    cwd: str | None = None
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    permissions: str | None = None
    config: JsonObject | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    ephemeral: bool = False
    """Keep nothing on disk."""
    attach_to_source: bool = False
    """The source owns the fork, which stays out of lists."""
    thread_source: ThreadSource | None = None
    exclude_turns: bool = False
    """Leave `thread.turns` empty in the answer."""
    defer_goal_continuation: bool = False
    """Take the goal along without starting to work on it."""
    persist_extended_history: Annotated[bool, Until("0.131.0")] = False
    """Without effect."""


class ThreadResumeInitialTurnsPageParams(Params):
    """Which turns to send along. Null settings are those of `thread/turns/list`."""

    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    items_view: TurnItemsView | None = None


class ThreadResumeParams(Params):
    """Load a thread and subscribe to it. A loaded thread keeps its settings. History comes before path, path before id.

    Errors: -32600 when no rollout exists, the thread is archived or closing, the path is not the running one's, or
    settings contradict one another.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"history", "initial_turns_page", "path", "permissions", "runtime_workspace_roots"}
    )

    thread_id: str
    history: list[ResponseItem] | None = None
    """Model items to begin with instead of a stored thread; makes a new thread."""
    path: AnyPath | None = None
    """A rollout file to load; the thread id is ignored then."""
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | UnsetType | None = UNSET
    """Null returns to the default, absence keeps."""
    cwd: str | None = None
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    permissions: str | None = None
    config: JsonObject | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    exclude_turns: bool = False
    """Leave `thread.turns` empty in the answer."""
    initial_turns_page: ThreadResumeInitialTurnsPageParams | None = None
    """Ask for a page of turns in the answer."""
    persist_extended_history: Annotated[bool, Until("0.131.0")] = False
    """Without effect."""


ThreadStartSource: TypeAlias = Literal["startup", "clear"]
"""Whether the session just began, or was cleared."""


class ThreadStartParams(Params):
    """Begin a thread and subscribe to it. Null settings come from configuration.

    Errors: -32600 when configuration does not load with these settings, settings contradict one another, or a tool or
    environment is not acceptable.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {
            "allow_provider_model_fallback",
            "daybreak_enabled",
            "dynamic_tools",
            "environments",
            "experimental_raw_events",
            "history_mode",
            "mock_experimental_field",
            "multi_agent_mode",
            "permissions",
            "project_id",
            "runtime_workspace_roots",
            "selected_capability_roots",
        }
    )

    model: str | None = None
    model_provider: str | None = None
    allow_provider_model_fallback: bool = False
    """Take the provider's default when it does not have the model."""
    service_tier: str | UnsetType | None = UNSET
    """Null is the default tier, absence the configured one."""
    cwd: str | None = None
    """Relative to the server's own folder; need not exist."""
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    """Not together with `permissions`."""
    permissions: str | None = None
    """A permission profile's name."""
    config: JsonObject | None = None
    """Configuration by dotted key, stronger than files."""
    service_name: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    multi_agent_mode: MultiAgentMode | None = None
    ephemeral: bool | None = None
    """Keep nothing on disk."""
    history_mode: ThreadHistoryMode | None = None
    session_start_source: ThreadStartSource | None = None
    thread_source: ThreadSource | None = None
    project_id: str | None = None
    daybreak_enabled: bool | None = None
    environments: list[TurnEnvironmentParams] | None = None
    """Where tools run; null is the default one, an empty list none."""
    dynamic_tools: list[FirstByDefault[DynamicToolSpec]] | None = None
    """Tools that this client runs."""
    selected_capability_roots: list[SelectedCapabilityRoot] | None = None
    mock_experimental_field: str | None = None
    """For tests of the experimental gate."""
    experimental_raw_events: bool = False
    """Also notify of every item of the model's history."""
    persist_extended_history: Annotated[bool, Until("0.131.0")] = False
    """Without effect."""


class ThreadForkResponse(Wire):
    """The new thread with its turns, and the settings that it runs with."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"active_permission_profile", "multi_agent_mode", "runtime_workspace_roots"}
    )

    thread: Thread
    model: str
    model_provider: str
    service_tier: str | None = None
    disabled_plugin_ids: list[str] = field(default_factory=list)
    cwd: AbsolutePathBuf
    runtime_workspace_roots: list[AbsolutePathBuf] = field(default_factory=list)
    instruction_sources: list[LegacyAppPathString] = field(default_factory=list)
    """Files that instructions were read from."""
    approval_policy: OpenWord[Open[AskForApproval]]
    approvals_reviewer: OpenWord[ApprovalsReviewer]
    sandbox: Open[SandboxPolicy]
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    """Null is the model's default."""
    multi_agent_mode: OpenWord[Open[MultiAgentMode]] = "explicitRequestOnly"


class ThreadResumeResponse(Wire):
    """The thread with its turns, and the settings that it runs with."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"active_permission_profile", "initial_turns_page", "multi_agent_mode", "runtime_workspace_roots"}
    )

    thread: Thread
    model: str
    model_provider: str
    service_tier: str | None = None
    disabled_plugin_ids: list[str] = field(default_factory=list)
    cwd: AbsolutePathBuf
    runtime_workspace_roots: list[AbsolutePathBuf] = field(default_factory=list)
    instruction_sources: list[LegacyAppPathString] = field(default_factory=list)
    """Files that instructions were read from."""
    approval_policy: OpenWord[Open[AskForApproval]]
    approvals_reviewer: OpenWord[ApprovalsReviewer]
    sandbox: Open[SandboxPolicy]
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    """Null is the model's default."""
    collaboration_mode: CollaborationMode | None = None
    multi_agent_mode: OpenWord[Open[MultiAgentMode]] = "explicitRequestOnly"
    initial_turns_page: TurnsPage | None = None
    """The page of turns, if one was asked for."""
    turns_backwards_cursor: str | None = None
    items_backwards_cursor: str | None = None


class ThreadStartResponse(Wire):
    """The new thread, and the settings that it runs with."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"active_permission_profile", "multi_agent_mode", "runtime_workspace_roots"}
    )

    thread: Thread
    model: str
    model_provider: str
    service_tier: str | None = None
    disabled_plugin_ids: list[str] = field(default_factory=list)
    cwd: AbsolutePathBuf
    runtime_workspace_roots: list[AbsolutePathBuf] = field(default_factory=list)
    instruction_sources: list[LegacyAppPathString] = field(default_factory=list)
    """Files that instructions were read from."""
    approval_policy: OpenWord[Open[AskForApproval]]
    approvals_reviewer: OpenWord[ApprovalsReviewer]
    sandbox: Open[SandboxPolicy]
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    """Null is the model's default."""
    multi_agent_mode: OpenWord[Open[MultiAgentMode]] = "explicitRequestOnly"
