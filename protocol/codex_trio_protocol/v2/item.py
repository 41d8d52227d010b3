"""Thread items: everything that happens in a turn, as clients show it."""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    FirstOf,
    Int32,
    Int64,
    JsonValue,
    Known,
    Open,
    OpenWord,
    Since,
    Tagged,
    UInt32,
    UInt64,
    Wire,
)
from codex_trio_protocol.v2.common import LegacyAppPathString, MessagePhase, ReasoningEffort
from codex_trio_protocol.v2.moderation import AgentMessageModeration
from codex_trio_protocol.v2.user_input import DynamicToolCallOutputContentItem, FunctionCallOutputBody, UserInput


class ReadCommandAction(Tagged, tag="read"):
    """Reads a file. `name` is its last part."""

    command: str
    name: str
    path: LegacyAppPathString


class ListFilesCommandAction(Tagged, tag="listFiles"):
    """Lists a folder; null when it names none."""

    command: str
    path: str | None = None


class SearchCommandAction(Tagged, tag="search"):
    """Searches for something; what and where may be unknown."""

    command: str
    query: str | None = None
    path: str | None = None


class UnknownCommandAction(Tagged, tag="unknown"):
    """A command that is none of the others."""

    command: str


CommandAction: TypeAlias = Open[ReadCommandAction | ListFilesCommandAction | SearchCommandAction | UnknownCommandAction]
"""What a part of a command line seems to do; a guess for display."""


AgentMessageDelivery: TypeAlias = Annotated[str, Known("async")]
"""How a message reached the user when it is not the turn's answer."""


class AsyncUserInputQuestion(Wire, forbid_unknown_fields=True):
    """A question within a message, which may be answered later. Null options leave free text."""

    title: str
    options: list[str] | None = None


CollabAgentStatus: TypeAlias = Annotated[
    str, Known("pendingInit", "running", "interrupted", "completed", "errored", "shutdown", "notFound")
]
"""Where a sub-agent stands."""


class CollabAgentState(Wire):
    """A sub-agent's state with its last words, null when there are none."""

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
"""What an agent did with another one."""


CollabAgentToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "interrupted")]
"""Where the call stands."""


CommandExecutionSource: TypeAlias = Annotated[
    str, Known("agent", "userShell", "unifiedExecStartup", "unifiedExecInteraction")
]
"""Who ran a command: the model, the user, or the model in a terminal that stays open."""


CommandExecutionStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "declined")]
"""Where a command stands. `failed` is any exit code but 0, `declined` means that it never ran."""


DynamicToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed")]
"""Where the call stands."""


class AddPatchChangeKind(Tagged, tag="add"):
    """A new file; the diff is its content."""


class DeletePatchChangeKind(Tagged, tag="delete"):
    """A removed file; the diff is what it held."""


class UpdatePatchChangeKind(Tagged, tag="update", rename=None):
    """A changed file; the diff is unified. A path when it was also moved, else null."""

    move_path: str | None = None


PatchChangeKind: TypeAlias = Open[AddPatchChangeKind | DeletePatchChangeKind | UpdatePatchChangeKind]
"""What a patch does to a file."""


class FileUpdateChange(Wire):
    """One file of a patch, by absolute path."""

    path: str
    kind: PatchChangeKind
    diff: str


class HookPromptFragment(Wire):
    """Words of one hook."""

    text: str
    hook_run_id: str


class UsageLimitExceededImageGenerationFailure(Tagged, tag="usageLimitExceeded"):
    """The account may not make more pictures until `resets_at` in Unix seconds, null if unknown."""

    limit_id: str
    resets_at: Int64 | None = None


ImageGenerationFailure: TypeAlias = Open[UsageLimitExceededImageGenerationFailure]
"""Why no picture came."""


class ImageGenerationInputImage(Wire):
    """A picture that was read for a generation, with the digest of its bytes in lower-case hex."""

    path: AbsolutePathBuf
    sha256: str


McpAppDisplayMode: TypeAlias = Annotated[str, Known("inline", "fullscreen")]
"""Where an app likes to be shown."""


class McpAppUi(Wire):
    """The user interface that a tool brings along."""

    resource_uri: str
    preferred_model_display_mode: McpAppDisplayMode


class McpToolCallAppContext(Wire):
    """The app that a tool belongs to."""

    connector_id: str
    link_id: str | None = None
    resource_uri: str | None = None
    app_name: str | None = None
    action_name: str | None = None


class McpToolCallError(Wire):
    """Why the call failed."""

    message: str


class McpToolCallResult(Wire):
    """What the MCP server gave back, passed through as it came."""

    content: list[JsonValue]
    structured_content: JsonValue = None
    meta: JsonValue = field(name="_meta", default=None)


McpToolCallStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed")]
"""Where the call stands."""


class MemoryCitationEntry(Wire):
    """Lines of a memory file, counted from 1, both ends included."""

    path: str
    line_start: UInt32
    line_end: UInt32
    note: str


class MemoryCitation(Wire):
    """Memories that an answer rests on, and the threads that they came from."""

    entries: list[MemoryCitationEntry]
    thread_ids: list[str]


PatchApplyStatus: TypeAlias = Annotated[str, Known("inProgress", "completed", "failed", "declined")]
"""Where a patch stands; `declined` means that it was refused."""


SubAgentActivityKind: TypeAlias = Annotated[str, Known("started", "interacted", "interrupted", "completed")]
"""What happened to a sub-agent."""


class SearchWebSearchAction(Tagged, tag="search"):
    """Searched the web. Null where the provider did not say for what."""

    query: str | None = None
    queries: list[str] | None = None


class OpenPageWebSearchAction(Tagged, tag="openPage"):
    """Opened a page."""

    url: str | None = None


class FindInPageWebSearchAction(Tagged, tag="findInPage"):
    """Looked for words on a page."""

    url: str | None = None
    pattern: str | None = None


class OtherWebSearchAction(Tagged, tag="other"):
    """Something else, or not known yet."""


WebSearchAction: TypeAlias = Open[
    SearchWebSearchAction | OpenPageWebSearchAction | FindInPageWebSearchAction | OtherWebSearchAction
]
"""What a web search did."""


class ThreadItemBase(Tagged):
    """What all items share."""

    started_at_ms: Int64 | None = None
    """Unix milliseconds; null when it was not recorded."""
    completed_at_ms: Int64 | None = None
    """Likewise; null while it goes on."""


class UserMessageThreadItem(ThreadItemBase, tag="userMessage"):
    """What the user said, as it was given. `client_id` is the id that the client chose for it."""

    id: str
    client_id: str | None = None
    content: list[Open[UserInput]]


class HookPromptThreadItem(ThreadItemBase, tag="hookPrompt"):
    """Words that hooks handed to the model."""

    id: str
    fragments: list[HookPromptFragment]


class AgentMessageThreadItem(ThreadItemBase, tag="agentMessage"):
    """What the assistant says. Null fields say that the provider gave nothing."""

    moderation: AgentMessageModeration | None = None
    id: str
    text: str
    phase: OpenWord[MessagePhase] | None = None
    memory_citation: MemoryCitation | None = None
    delivery: AgentMessageDelivery | None = None
    questions: list[AsyncUserInputQuestion] | None = None


class FunctionCallOutputThreadItem(ThreadItemBase, tag="functionCallOutput"):
    """Output of a tool that the client ran by itself."""

    id: str
    name: str
    namespace: str | None = None
    output: FunctionCallOutputBody


class PlanThreadItem(ThreadItemBase, tag="plan"):
    """A plan that the assistant proposes. The completed text counts, not the sum of its deltas."""

    id: str
    text: str


class ReasoningThreadItem(ThreadItemBase, tag="reasoning"):
    """The model's thoughts: summaries for the user, and raw text where a provider gives it."""

    id: str
    summary: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)


class CommandExecutionThreadItem(ThreadItemBase, tag="commandExecution"):
    """A command. `process_id` is null until it runs; output, exit code and duration (in milliseconds) until it ends."""

    id: str
    plugin_id: str | None = None
    """The plugin whose script this is, null for other commands."""
    script_path: str | None = None
    command: str
    """The command line, quoted for a shell."""
    cwd: LegacyAppPathString
    process_id: str | None = None
    source: CommandExecutionSource = "agent"
    status: CommandExecutionStatus
    command_actions: list[CommandAction]
    aggregated_output: str | None = None
    """Both streams as they came, at most 1 MiB; null when there was none."""
    exit_code: Int32 | None = None
    duration_ms: Int64 | None = None


class FileChangeThreadItem(ThreadItemBase, tag="fileChange"):
    """A patch to files."""

    id: str
    changes: list[FileUpdateChange]
    status: PatchApplyStatus


class McpToolCallThreadItem(ThreadItemBase, tag="mcpToolCall"):
    """A call of an MCP server's tool. The duration is in milliseconds."""

    id: str
    server: str
    environment_id: Annotated[str | None, Since("0.171.0")] = None
    """The environment that brings the server along; null for one of the whole thread."""
    tool: str
    status: McpToolCallStatus
    arguments: JsonValue
    app_context: McpToolCallAppContext | None = None
    mcp_app_resource_uri: str | UnsetType | None = UNSET
    """Older place of the interface's URI."""
    mcp_app_ui: McpAppUi | None = None
    plugin_id: str | None = None
    read_only_hint: bool | None = None
    result: McpToolCallResult | None = None
    error: McpToolCallError | None = None
    duration_ms: Int64 | None = None


class DynamicToolCallThreadItem(ThreadItemBase, tag="dynamicToolCall"):
    """A call of a tool that the client brought along. The duration is in milliseconds."""

    id: str
    namespace: str | None = None
    tool: str
    arguments: JsonValue
    status: DynamicToolCallStatus
    content_items: list[Open[DynamicToolCallOutputContentItem]] | None = None
    success: bool | None = None
    duration_ms: Int64 | None = None


class CollabAgentToolCallThreadItem(ThreadItemBase, tag="collabAgentToolCall"):
    """An agent starts, messages or waits for others. Null where the call has no such thing."""

    id: str
    tool: CollabAgentTool
    status: CollabAgentToolCallStatus
    sender_thread_id: str
    receiver_thread_ids: list[str]
    """The agents that it is about; a new one's after it was started."""
    prompt: str | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    agents_states: dict[str, CollabAgentState]
    """Last known state by thread id."""


class SubAgentActivityThreadItem(ThreadItemBase, tag="subAgentActivity"):
    """Something happened to a sub-agent."""

    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    id: str
    kind: SubAgentActivityKind
    agent_thread_id: str
    agent_path: str


class WebSearchThreadItem(ThreadItemBase, tag="webSearch"):
    """A web search. The query is empty until it is known."""

    id: str
    query: str
    action: WebSearchAction | None = None
    results: list[JsonValue] | None = None


class ImageViewThreadItem(ThreadItemBase, tag="imageView"):
    """The model looked at a picture."""

    id: str
    path: LegacyAppPathString


class SleepThreadItem(ThreadItemBase, tag="sleep"):
    """The model waited; the duration is in milliseconds."""

    id: str
    duration_ms: UInt64


class ImageGenerationThreadItem(ThreadItemBase, FirstOf, tag="imageGeneration"):
    """A picture was made: as base64 in `result`, or kept under `file_id`."""

    one_of: ClassVar[tuple[str, ...]] = ("file_id", "result")

    id: str
    status: str
    revised_prompt: str | None = None
    transparent_background: bool | None = None
    failure: ImageGenerationFailure | None = None
    saved_path: AbsolutePathBuf | None = None
    """Where the server put a copy; null when it did not."""
    input_images: list[ImageGenerationInputImage] | UnsetType = UNSET
    generation_id: str | None = None
    file_id: str | UnsetType = UNSET
    result: str | UnsetType = UNSET


class EnteredReviewModeThreadItem(ThreadItemBase, tag="enteredReviewMode"):
    """A review begins; `review` says of what."""

    id: str
    review: str


class ExitedReviewModeThreadItem(ThreadItemBase, tag="exitedReviewMode"):
    """A review is over; `review` is its outcome as text."""

    id: str
    review: str


class ContextCompactionThreadItem(ThreadItemBase, tag="contextCompaction"):
    """The history was summed up to make room."""

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
"""One thing that happened in a turn."""
