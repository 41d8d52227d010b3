"""Domain turn items: what happened inside a turn, in exactly the form that a rollout file stores them.

Owns the item structs, their parts and their encoding (`event_msg item_completed.item` of release 0.169.0: field order,
absent or null optionals). Does not own the wire items of the protocol: wire/events.py maps these to those.
Built by the engine, stored by state/rollout, read back by threads/history.

Optional fields that default to None are left out of the encoding, except where the format writes an explicit null
(`path` of a list_files or search command, `move_path` of an update).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from codex_trio.util import decoding

CommandStatus: TypeAlias = Literal["in_progress", "completed", "failed", "declined"]
CommandSource: TypeAlias = Literal["agent", "user_shell", "unified_exec_startup", "unified_exec_interaction"]
PatchStatus: TypeAlias = Literal["in_progress", "completed", "failed", "declined"]
ToolCallStatus: TypeAlias = Literal["in_progress", "completed", "failed"]
MessagePhase: TypeAlias = Literal["commentary", "final_answer"]
CollabTool: TypeAlias = Literal["spawn_agent", "send_input", "resume_agent", "wait", "close_agent"]
SubAgentActivityKind: TypeAlias = Literal["started", "interacted", "completed", "interrupted"]


class Duration(msgspec.Struct, frozen=True):
    """A span of time as whole seconds plus nanoseconds."""

    secs: int
    nanos: int

    @classmethod
    def from_nanoseconds(cls, nanoseconds: int) -> Duration:
        """Return the duration of so many nanoseconds; negative spans (a clock that went back) count as zero."""
        secs, nanos = divmod(max(nanoseconds, 0), 1_000_000_000)
        return cls(secs=secs, nanos=nanos)

    @classmethod
    def from_seconds(cls, seconds: float) -> Duration:
        """Return the duration of so many seconds."""
        return cls.from_nanoseconds(round(seconds * 1_000_000_000))

    @property
    def milliseconds(self) -> int:
        """Whole milliseconds, rounded down."""
        return self.secs * 1000 + self.nanos // 1_000_000


# --- what a command does, as far as its text tells -------------------------------------------------------------------


class ReadCommand(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="read"):
    """A command that reads one file; `name` is the file's last path component."""

    cmd: str
    name: str
    path: str


class ListFilesCommand(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="list_files"):
    """A command that lists files, of `path` or of the working directory."""

    cmd: str
    path: str | None = None


class SearchCommand(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="search"):
    """A command that searches for `query` under `path`."""

    cmd: str
    query: str | None = None
    path: str | None = None


class UnknownCommand(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="unknown"):
    """A command that is none of the recognised kinds."""

    cmd: str


ParsedCommand: TypeAlias = ReadCommand | ListFilesCommand | SearchCommand | UnknownCommand


# --- what a patch does to one file -----------------------------------------------------------------------------------


class AddChange(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="add"):
    """A new file with this content."""

    content: str


class DeleteChange(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="delete"):
    """A file that is removed; `content` is what it held."""

    content: str


class UpdateChange(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="update"):
    """A file that is edited and, with `move_path`, moved to that absolute path."""

    unified_diff: str
    move_path: str | None = None


Change: TypeAlias = AddChange | DeleteChange | UpdateChange


# --- the items -------------------------------------------------------------------------------------------------------


class AgentText(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="Text"):
    """A piece of an agent message."""

    text: str


class UserMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="UserMessage"):
    """What a user said: input parts as they came (`text` with text_elements, `image`, `local_image`, ...)."""

    id: str
    client_id: str | None = None
    content: list[dict[str, Any]]


class AgentMessage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="AgentMessage"):
    """What the model said."""

    id: str
    content: list[AgentText]
    phase: str | None = None
    memory_citation: Any = None
    delivery: str | None = None
    """`async` for one that the model sent while its turn went on."""
    questions: list[dict[str, Any]] | None = None
    """What such a one asks: titles, with options where there are some."""

    @property
    def text(self) -> str:
        """The whole message."""
        return "".join(part.text for part in self.content)


class Reasoning(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="Reasoning"):
    """The model's reasoning: summary parts, and raw parts where the model gives them."""

    id: str
    summary_text: list[str]
    raw_content: list[str] = []


class Command(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="CommandExecution"):
    """A command that ran, is running, or was declined, but for what came of it. `cwd` is a `file://` URL."""

    id: str
    process_id: str | None = None
    command: list[str]
    cwd: str
    parsed_cmd: list[ParsedCommand]
    source: CommandSource
    status: CommandStatus
    stdout: str | None = None
    stderr: str | None = None


class CommandExecution(Command, kw_only=True, frozen=True, omit_defaults=True, tag="CommandExecution"):
    """A command and what came of it.

    `aggregated_output` is stdout and stderr as they came. `exit_code` is 128+n after signal n and -1 when the process
    was killed by the server.
    """

    aggregated_output: str | None = None
    exit_code: int | None = None
    duration: Duration | None = None


class UnreadCommandExecution(Command, kw_only=True, frozen=True, omit_defaults=True, tag="CommandExecution"):
    """A command as it is read back to be passed on: its output, a JSON string or null, is left as it was stored.

    Outputs are most of a history, and nobody on the way to a client looks at them.
    """

    aggregated_output: msgspec.Raw = msgspec.Raw(b"null")
    exit_code: int | None = None
    duration: Duration | None = None


class FileChange(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="FileChange"):
    """A patch: what it does to each absolute path."""

    id: str
    changes: dict[str, Change]
    status: PatchStatus
    stdout: str | None = None
    stderr: str | None = None


class ContextCompaction(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="ContextCompaction"):
    """The conversation was summarised to make room."""

    id: str


class ImageView(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="ImageView"):
    """The model looked at a local image; `path` is a `file://` URL."""

    id: str
    path: str


class Plan(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="Plan"):
    """A proposed plan (plan mode)."""

    id: str
    text: str


class WebSearch(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="WebSearch"):
    """A web search that the model's provider ran; `action` is what the provider reported, snake_case tags included."""

    id: str
    query: str
    action: dict[str, Any] | None = None


class DynamicToolCall(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="DynamicToolCall"
):
    """A call of a tool that the client provides; `content_items` are the client's own (camelCase tagged) parts."""

    id: str
    namespace: str | None = None
    tool: str
    arguments: Any
    status: ToolCallStatus
    content_items: list[dict[str, Any]] | None = None
    success: bool | None = None
    error: str | None = None
    duration: Duration | None = None


class McpToolCall(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="McpToolCall"):
    """A call of a tool of an MCP server; `result` is the server's own (camelCase), also one that says `isError`.

    `server` is `codex` where a call is about all servers.
    """

    id: str
    server: str
    tool: str
    arguments: Any
    environment_id: str | None = msgspec.field(name="environmentId", default=None)
    app_context: Any = msgspec.field(name="appContext", default=None)
    mcp_app_ui: Any = msgspec.field(name="mcpAppUi", default=None)
    plugin_id: str | None = msgspec.field(name="pluginId", default=None)
    read_only_hint: bool | None = msgspec.field(name="readOnlyHint", default=None)
    status: ToolCallStatus
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    """Why there is no result: `message`."""
    duration: Duration | None = None


class FunctionCallOutput(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="FunctionCallOutput"
):
    """What a tool that the client ran by itself gave; `output` is text, or content parts as the model reads them."""

    id: str
    name: str
    namespace: str | None = None
    output: str | list[dict[str, Any]]


class PromptFragment(msgspec.Struct, kw_only=True, frozen=True):
    """What one hook has the model go on with."""

    text: str
    hook_run_id: str = msgspec.field(name="hookRunId")


class HookPrompt(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="HookPrompt"):
    """What hooks have the model go on with, where its turn would have ended."""

    id: str
    fragments: list[PromptFragment]


class ReceivingAgent(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An agent that a call is about."""

    thread_id: str
    agent_nickname: str | None = None
    agent_role: str | None = None


class CollabAgentToolCall(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, tag_field="type", tag="CollabAgentToolCall"
):
    """What an agent did with others; `agents_states` are plain `AgentStatus` values by thread id."""

    id: str
    tool: CollabTool
    status: ToolCallStatus
    sender_thread_id: str
    receiver_thread_ids: list[str]
    receiver_agents: list[ReceivingAgent] = msgspec.field(default_factory=list[ReceivingAgent])
    prompt: str | None = None
    model: str | None = None
    reasoning_effort: str | None = None
    agents_states: dict[str, str | dict[str, Any]]


class SubAgentActivity(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="SubAgentActivity"):
    """Something happened to an agent of this thread."""

    model: str | None = None
    reasoning_effort: str | None = None
    id: str
    kind: SubAgentActivityKind
    agent_thread_id: str
    agent_path: str


class EnteredReviewMode(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="EnteredReviewMode"):
    """A review began; `target` is the review target as recorded (snake_case tag)."""

    id: str
    target: dict[str, Any]
    user_facing_hint: str | None = None


class ExitedReviewMode(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", tag="ExitedReviewMode"):
    """A review ended; `review_output` is null when it was interrupted."""

    id: str
    review_output: dict[str, Any] | None = None


class Other(msgspec.Struct, kw_only=True, frozen=True):
    """An item of a kind that this version does not know, kept verbatim."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """The item's id; empty when it has none."""
        value = self.raw.get("id")
        return value if isinstance(value, str) else ""

    @property
    def kind(self) -> str:
        """The item's `type`; empty when it has none."""
        value = self.raw.get("type")
        return value if isinstance(value, str) else ""


_SmallItem: TypeAlias = (
    UserMessage
    | AgentMessage
    | Reasoning
    | FileChange
    | ContextCompaction
    | ImageView
    | Plan
    | WebSearch
    | DynamicToolCall
    | McpToolCall
    | FunctionCallOutput
    | HookPrompt
    | CollabAgentToolCall
    | SubAgentActivity
    | EnteredReviewMode
    | ExitedReviewMode
)
KnownItem: TypeAlias = CommandExecution | _SmallItem
UnreadItem: TypeAlias = UnreadCommandExecution | _SmallItem
TurnItem: TypeAlias = KnownItem | Other


def item_from_builtins(raw: dict[str, Any]) -> TurnItem:
    """Return the item that a decoded JSON object describes; kinds that are unknown or malformed become `Other`."""
    try:
        return decoding.convert(raw, KnownItem)
    except msgspec.ValidationError:
        return Other(raw=raw)
