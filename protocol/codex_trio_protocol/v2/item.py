"""TODO module item"""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    Int32,
    Int64,
    JsonValue,
    Known,
    OneOf,
    Open,
    Tagged,
    UInt32,
    UInt64,
    Wire,
)
from codex_trio_protocol.v2.common import LegacyAppPathString, MessagePhase, ReasoningEffort
from codex_trio_protocol.v2.user_input import DynamicToolCallOutputContentItem, FunctionCallOutputBody, UserInput


class ReadCommandAction(Tagged, tag="read"):
    """TODO ReadCommandAction"""

    command: str
    name: str
    path: LegacyAppPathString


class ListFilesCommandAction(Tagged, tag="listFiles"):
    """TODO ListFilesCommandAction"""

    command: str
    path: str | None = None


class SearchCommandAction(Tagged, tag="search"):
    """TODO SearchCommandAction"""

    command: str
    query: str | None = None
    path: str | None = None


class UnknownCommandAction(Tagged, tag="unknown"):
    """TODO UnknownCommandAction"""

    command: str


CommandAction: TypeAlias = Open[ReadCommandAction | ListFilesCommandAction | SearchCommandAction | UnknownCommandAction]
"""TODO CommandAction"""


AgentMessageDelivery: TypeAlias = Annotated[str, Known("async")]
"""TODO AgentMessageDelivery"""


class AgentMessageDisplay(Wire):
    """TODO AgentMessageDisplay"""

    action: str
    block_type: str | None = None
    cyber_trusted_access: bool | None = None
    check_trusted_contacts: bool | None = None


class AgentMessageModeration(Wire):
    """TODO AgentMessageModeration"""

    moderated: bool
    display: AgentMessageDisplay | None = None


class AsyncUserInputQuestion(Wire, forbid_unknown_fields=True):
    """TODO AsyncUserInputQuestion"""

    title: str
    options: list[str] | None = None


CollabAgentStatus: TypeAlias = Annotated[
    str, Known("pendingInit", "running", "interrupted", "completed", "errored", "shutdown", "notFound")
]
"""TODO CollabAgentStatus"""


class CollabAgentState(Wire):
    """TODO CollabAgentState"""

    status: CollabAgentStatus
    message: str | None = None


CollabAgentTool: TypeAlias = Annotated[
    str,
    Known(
        "spawnAgent",
        "sendInput",
        "resumeAgent",
        "wait",
        "closeAgent",
        "sendMessage",
        "followupTask",
        "interruptAgent",
        "listAgents",
    ),
]
"""TODO CollabAgentTool"""


CollabAgentToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "interrupted")]
"""TODO CollabAgentToolCallStatus"""


CommandExecutionSource: TypeAlias = Annotated[
    str, Known("agent", "userShell", "unifiedExecStartup", "unifiedExecInteraction")
]
"""TODO CommandExecutionSource"""


CommandExecutionStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "declined")]
"""TODO CommandExecutionStatus"""


DynamicToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed")]
"""TODO DynamicToolCallStatus"""


class AddPatchChangeKind(Tagged, tag="add"):
    """TODO AddPatchChangeKind"""


class DeletePatchChangeKind(Tagged, tag="delete"):
    """TODO DeletePatchChangeKind"""


class UpdatePatchChangeKind(Tagged, tag="update", rename=None):
    """TODO UpdatePatchChangeKind"""

    move_path: str | None = None


PatchChangeKind: TypeAlias = Open[AddPatchChangeKind | DeletePatchChangeKind | UpdatePatchChangeKind]
"""TODO PatchChangeKind"""


class FileUpdateChange(Wire):
    """TODO FileUpdateChange"""

    path: str
    kind: PatchChangeKind
    diff: str


class HookPromptFragment(Wire):
    """TODO HookPromptFragment"""

    text: str
    hook_run_id: str


class UsageLimitExceededImageGenerationFailure(Tagged, tag="usageLimitExceeded"):
    """TODO UsageLimitExceededImageGenerationFailure"""

    limit_id: str
    resets_at: Int64 | None = None


ImageGenerationFailure: TypeAlias = Open[UsageLimitExceededImageGenerationFailure]
"""TODO ImageGenerationFailure"""


class ImageGenerationInputImage(Wire):
    """TODO ImageGenerationInputImage"""

    path: AbsolutePathBuf
    sha256: str


McpAppDisplayMode: TypeAlias = Annotated[str, Known("inline", "fullscreen")]
"""TODO McpAppDisplayMode"""


class McpAppUi(Wire):
    """TODO McpAppUi"""

    resource_uri: str
    preferred_model_display_mode: McpAppDisplayMode


class McpToolCallAppContext(Wire):
    """TODO McpToolCallAppContext"""

    connector_id: str
    link_id: str | None = None
    resource_uri: str | None = None
    app_name: str | None = None
    action_name: str | None = None


class McpToolCallError(Wire):
    """TODO McpToolCallError"""

    message: str


class McpToolCallResult(Wire):
    """TODO McpToolCallResult"""

    content: list[JsonValue]
    structured_content: JsonValue = None
    meta: JsonValue = field(name="_meta", default=None)


McpToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed")]
"""TODO McpToolCallStatus"""


class MemoryCitationEntry(Wire):
    """TODO MemoryCitationEntry"""

    path: str
    line_start: UInt32
    line_end: UInt32
    note: str


class MemoryCitation(Wire):
    """TODO MemoryCitation"""

    entries: list[MemoryCitationEntry]
    thread_ids: list[str]


PatchApplyStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "declined")]
"""TODO PatchApplyStatus"""


SubAgentActivityKind: TypeAlias = Annotated[str, Known("started", "interacted", "interrupted", "completed")]
"""TODO SubAgentActivityKind"""


class SearchWebSearchAction(Tagged, tag="search"):
    """TODO SearchWebSearchAction"""

    query: str | None = None
    queries: list[str] | None = None


class OpenPageWebSearchAction(Tagged, tag="openPage"):
    """TODO OpenPageWebSearchAction"""

    url: str | None = None


class FindInPageWebSearchAction(Tagged, tag="findInPage"):
    """TODO FindInPageWebSearchAction"""

    url: str | None = None
    pattern: str | None = None


class OtherWebSearchAction(Tagged, tag="other"):
    """TODO OtherWebSearchAction"""


WebSearchAction: TypeAlias = Open[
    SearchWebSearchAction | OpenPageWebSearchAction | FindInPageWebSearchAction | OtherWebSearchAction
]
"""TODO WebSearchAction"""


class ThreadItemBase(Tagged):
    """TODO ThreadItemBase"""

    started_at_ms: Int64 | None = None
    completed_at_ms: Int64 | None = None


class UserMessageThreadItem(ThreadItemBase, tag="userMessage"):
    """TODO UserMessageThreadItem"""

    id: str
    client_id: str | None = None
    content: list[UserInput]


class HookPromptThreadItem(ThreadItemBase, tag="hookPrompt"):
    """TODO HookPromptThreadItem"""

    id: str
    fragments: list[HookPromptFragment]


class AgentMessageThreadItem(ThreadItemBase, tag="agentMessage"):
    """TODO AgentMessageThreadItem"""

    moderation: AgentMessageModeration | None = None
    id: str
    text: str
    phase: MessagePhase | None = None
    memory_citation: MemoryCitation | None = None
    delivery: AgentMessageDelivery | None = None
    questions: list[AsyncUserInputQuestion] | None = None


class FunctionCallOutputThreadItem(ThreadItemBase, tag="functionCallOutput"):
    """TODO FunctionCallOutputThreadItem"""

    id: str
    name: str
    namespace: str | None = None
    output: FunctionCallOutputBody


class PlanThreadItem(ThreadItemBase, tag="plan"):
    """TODO PlanThreadItem"""

    id: str
    text: str


class ReasoningThreadItem(ThreadItemBase, tag="reasoning"):
    """TODO ReasoningThreadItem"""

    id: str
    summary: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)


class CommandExecutionThreadItem(ThreadItemBase, tag="commandExecution"):
    """TODO CommandExecutionThreadItem"""

    id: str
    plugin_id: str | None = None
    script_path: str | None = None
    command: str
    cwd: LegacyAppPathString
    process_id: str | None = None
    source: CommandExecutionSource = "agent"
    status: CommandExecutionStatus
    command_actions: list[CommandAction]
    aggregated_output: str | None = None
    exit_code: Int32 | None = None
    duration_ms: Int64 | None = None


class FileChangeThreadItem(ThreadItemBase, tag="fileChange"):
    """TODO FileChangeThreadItem"""

    id: str
    changes: list[FileUpdateChange]
    status: PatchApplyStatus


class McpToolCallThreadItem(ThreadItemBase, tag="mcpToolCall"):
    """TODO McpToolCallThreadItem"""

    id: str
    server: str
    tool: str
    status: McpToolCallStatus
    arguments: JsonValue
    app_context: McpToolCallAppContext | None = None
    mcp_app_resource_uri: str | UnsetType | None = UNSET
    mcp_app_ui: McpAppUi | None = None
    plugin_id: str | None = None
    read_only_hint: bool | None = None
    result: McpToolCallResult | None = None
    error: McpToolCallError | None = None
    duration_ms: Int64 | None = None


class DynamicToolCallThreadItem(ThreadItemBase, tag="dynamicToolCall"):
    """TODO DynamicToolCallThreadItem"""

    id: str
    namespace: str | None = None
    tool: str
    arguments: JsonValue
    status: DynamicToolCallStatus
    content_items: list[DynamicToolCallOutputContentItem] | None = None
    success: bool | None = None
    duration_ms: Int64 | None = None


class CollabAgentToolCallThreadItem(ThreadItemBase, tag="collabAgentToolCall"):
    """TODO CollabAgentToolCallThreadItem"""

    id: str
    tool: CollabAgentTool
    status: CollabAgentToolCallStatus
    sender_thread_id: str
    receiver_thread_ids: list[str]
    prompt: str | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    agents_states: dict[str, CollabAgentState]


class SubAgentActivityThreadItem(ThreadItemBase, tag="subAgentActivity"):
    """TODO SubAgentActivityThreadItem"""

    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    id: str
    kind: SubAgentActivityKind
    agent_thread_id: str
    agent_path: str


class WebSearchThreadItem(ThreadItemBase, tag="webSearch"):
    """TODO WebSearchThreadItem"""

    id: str
    query: str
    action: WebSearchAction | None = None
    results: list[JsonValue] | None = None


class ImageViewThreadItem(ThreadItemBase, tag="imageView"):
    """TODO ImageViewThreadItem"""

    id: str
    path: LegacyAppPathString


class SleepThreadItem(ThreadItemBase, tag="sleep"):
    """TODO SleepThreadItem"""

    id: str
    duration_ms: UInt64


class ImageGenerationThreadItem(ThreadItemBase, OneOf, tag="imageGeneration"):
    """TODO ImageGenerationThreadItem"""

    one_of: ClassVar[tuple[str, ...]] = ("file_id", "result")

    id: str
    status: str
    revised_prompt: str | None = None
    transparent_background: bool | None = None
    failure: ImageGenerationFailure | None = None
    saved_path: AbsolutePathBuf | None = None
    input_images: list[ImageGenerationInputImage] | UnsetType = UNSET
    generation_id: str | None = None
    file_id: str | UnsetType = UNSET
    result: str | UnsetType = UNSET


class EnteredReviewModeThreadItem(ThreadItemBase, tag="enteredReviewMode"):
    """TODO EnteredReviewModeThreadItem"""

    id: str
    review: str


class ExitedReviewModeThreadItem(ThreadItemBase, tag="exitedReviewMode"):
    """TODO ExitedReviewModeThreadItem"""

    id: str
    review: str


class ContextCompactionThreadItem(ThreadItemBase, tag="contextCompaction"):
    """TODO ContextCompactionThreadItem"""

    id: str


ThreadItem: TypeAlias = Open[
    UserMessageThreadItem
    | HookPromptThreadItem
    | AgentMessageThreadItem
    | FunctionCallOutputThreadItem
    | PlanThreadItem
    | ReasoningThreadItem
    | CommandExecutionThreadItem
    | FileChangeThreadItem
    | McpToolCallThreadItem
    | DynamicToolCallThreadItem
    | CollabAgentToolCallThreadItem
    | SubAgentActivityThreadItem
    | WebSearchThreadItem
    | ImageViewThreadItem
    | SleepThreadItem
    | ImageGenerationThreadItem
    | EnteredReviewModeThreadItem
    | ExitedReviewModeThreadItem
    | ContextCompactionThreadItem
]
"""TODO ThreadItem"""
