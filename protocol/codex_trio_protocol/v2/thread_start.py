"""TODO module thread_start"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    AbsolutePathParam,
    FirstByDefault,
    JsonObject,
    JsonValue,
    Params,
    Tagged,
    UInt32,
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
    """TODO EnvironmentCapabilityRootLocation"""

    environment_id: str
    path: str


CapabilityRootLocation: TypeAlias = EnvironmentCapabilityRootLocation
"""TODO CapabilityRootLocation"""


class FunctionDynamicToolNamespaceTool(Tagged, tag="function"):
    """TODO FunctionDynamicToolNamespaceTool"""

    name: str
    description: str
    input_schema: JsonValue
    defer_loading: bool = False


DynamicToolNamespaceTool: TypeAlias = FunctionDynamicToolNamespaceTool
"""TODO DynamicToolNamespaceTool"""


class FunctionDynamicToolSpec(Tagged, tag="function"):
    """TODO FunctionDynamicToolSpec"""

    name: str
    description: str
    input_schema: JsonValue
    defer_loading: bool = False
    namespace: str | None = None


class NamespaceDynamicToolSpec(Tagged, tag="namespace"):
    """TODO NamespaceDynamicToolSpec"""

    name: str
    description: str
    tools: list[DynamicToolNamespaceTool]


DynamicToolSpec: TypeAlias = FunctionDynamicToolSpec | NamespaceDynamicToolSpec
"""TODO DynamicToolSpec"""


class SelectedCapabilityRoot(Params):
    """TODO SelectedCapabilityRoot"""

    id: str
    location: CapabilityRootLocation


class ThreadForkParams(Params):
    """TODO ThreadForkParams"""

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
            "persist_extended_history",
        }
    )

    thread_id: str
    experimental_prediction_mode: bool = False
    experimental_disable_prediction_mcp: bool = False
    last_turn_id: str | None = None
    before_turn_id: str | None = None
    path: str | None = None
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | UnsetType | None = UNSET
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
    attach_to_source: bool = False
    thread_source: ThreadSource | None = None
    exclude_turns: bool = False
    defer_goal_continuation: bool = False
    persist_extended_history: bool = False


class ThreadResumeInitialTurnsPageParams(Params):
    """TODO ThreadResumeInitialTurnsPageParams"""

    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    items_view: TurnItemsView | None = None


class ThreadResumeParams(Params):
    """TODO ThreadResumeParams"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"history", "initial_turns_page", "path", "permissions", "runtime_workspace_roots", "persist_extended_history"}
    )

    thread_id: str
    history: list[ResponseItem] | None = None
    path: str | None = None
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | UnsetType | None = UNSET
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
    initial_turns_page: ThreadResumeInitialTurnsPageParams | None = None
    persist_extended_history: bool = False


ThreadStartSource: TypeAlias = Literal["startup", "clear"]
"""TODO ThreadStartSource"""


class ThreadStartParams(Params):
    """TODO ThreadStartParams"""

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
            "persist_extended_history",
        }
    )

    model: str | None = None
    model_provider: str | None = None
    allow_provider_model_fallback: bool = False
    service_tier: str | UnsetType | None = UNSET
    cwd: str | None = None
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    permissions: str | None = None
    config: JsonObject | None = None
    service_name: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    multi_agent_mode: MultiAgentMode | None = None
    ephemeral: bool | None = None
    history_mode: ThreadHistoryMode | None = None
    session_start_source: ThreadStartSource | None = None
    thread_source: ThreadSource | None = None
    project_id: str | None = None
    daybreak_enabled: bool | None = None
    environments: list[TurnEnvironmentParams] | None = None
    dynamic_tools: list[FirstByDefault[DynamicToolSpec]] | None = None
    selected_capability_roots: list[SelectedCapabilityRoot] | None = None
    mock_experimental_field: str | None = None
    experimental_raw_events: bool = False
    persist_extended_history: bool = False


class ThreadForkResponse(Wire):
    """TODO ThreadForkResponse"""

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
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox: SandboxPolicy
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    multi_agent_mode: MultiAgentMode = "explicitRequestOnly"


class ThreadResumeResponse(Wire):
    """TODO ThreadResumeResponse"""

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
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox: SandboxPolicy
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    collaboration_mode: CollaborationMode | None = None
    multi_agent_mode: MultiAgentMode = "explicitRequestOnly"
    initial_turns_page: TurnsPage | None = None
    turns_backwards_cursor: str | None = None
    items_backwards_cursor: str | None = None


class ThreadStartResponse(Wire):
    """TODO ThreadStartResponse"""

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
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox: SandboxPolicy
    active_permission_profile: ActivePermissionProfile | None = None
    reasoning_effort: ReasoningEffort | None = None
    multi_agent_mode: MultiAgentMode = "explicitRequestOnly"
