"""Shapes of the model API's items. For schemas and readers: the server passes items through as they are."""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import FirstOf, JsonValue, Params, Tagged, UInt64
from codex_trio_protocol.v2.common import MessagePhase, ReasoningEffort
from codex_trio_protocol.v2.user_input import FunctionCallOutputBody, ImageDetail


class InputTextAgentMessageInputContent(Tagged, tag="input_text"):
    """Text."""

    text: str


class EncryptedContentAgentMessageInputContent(Tagged, tag="encrypted_content", rename=None):
    """Content that only the provider can read."""

    encrypted_content: str


AgentMessageInputContent: TypeAlias = InputTextAgentMessageInputContent | EncryptedContentAgentMessageInputContent
"""Part of a message between agents."""


class ConfigurationReasoning(Params):
    """Reasoning settings from here on."""

    effort: ReasoningEffort


class InputTextContentItem(Tagged, tag="input_text"):
    """What somebody said to the model."""

    text: str


class InputImageContentItem(FirstOf, tag_field="type", tag="input_image", rename=None):
    """A picture for the model, by URL or uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("image_url", "file_id")

    detail: ImageDetail | None = None
    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class InputAudioContentItem(FirstOf, tag_field="type", tag="input_audio", rename=None):
    """Sound for the model, by URL or uploaded file."""

    one_of: ClassVar[tuple[str, ...]] = ("audio_url", "file_id")

    audio_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class OutputTextContentItem(Tagged, tag="output_text"):
    """What the model said."""

    text: str
    annotations: list[JsonValue] | None = None
    logprobs: list[JsonValue] | None = None


ContentItem: TypeAlias = InputTextContentItem | InputImageContentItem | InputAudioContentItem | OutputTextContentItem
"""Part of a message."""


class InternalChatMessageMetadataPassthrough(Params, rename=None):
    """Data that goes along to the provider."""

    turn_id: str | None = None


class ExecLocalShellAction(Tagged, tag="exec", rename=None):
    """Run a command."""

    command: list[str]
    timeout_ms: UInt64 | None = None
    working_directory: str | None = None
    env: dict[str, str] | None = None
    user: str | None = None


LocalShellAction: TypeAlias = ExecLocalShellAction
"""What a local shell call does."""


LocalShellStatus: TypeAlias = Literal["completed", "in_progress", "incomplete"]
"""How a local shell call stands."""


class ReasoningTextReasoningItemContent(Tagged, tag="reasoning_text"):
    """Raw reasoning."""

    text: str


class TextReasoningItemContent(Tagged, tag="text"):
    """Raw reasoning, in another form."""

    text: str


ReasoningItemContent: TypeAlias = ReasoningTextReasoningItemContent | TextReasoningItemContent
"""Part of raw reasoning."""


class SummaryTextReasoningItemReasoningSummary(Tagged, tag="summary_text"):
    """A section of a summary."""

    text: str


ReasoningItemReasoningSummary: TypeAlias = SummaryTextReasoningItemReasoningSummary
"""Part of a reasoning summary."""


class SearchResponsesApiWebSearchAction(Tagged, tag="search"):
    """Searched the web."""

    queries: list[str] | None = None
    query: str | None = None


class OpenPageResponsesApiWebSearchAction(Tagged, tag="open_page"):
    """Opened a page."""

    url: str | None = None


class FindInPageResponsesApiWebSearchAction(Tagged, tag="find_in_page"):
    """Looked for words on a page."""

    pattern: str | None = None
    url: str | None = None


class OtherResponsesApiWebSearchAction(Tagged, tag="other"):
    """Something else."""


ResponsesApiWebSearchAction: TypeAlias = (
    SearchResponsesApiWebSearchAction
    | OpenPageResponsesApiWebSearchAction
    | FindInPageResponsesApiWebSearchAction
    | OtherResponsesApiWebSearchAction
)
"""What a web search did."""


class AdditionalToolsResponseItem(Tagged, tag="additional_tools"):
    """Tools offered from here on."""

    id: str | None = None
    role: str
    tools: list[JsonValue]


class MessageResponseItem(Tagged, tag="message", rename=None):
    """A message of a user, a developer or the assistant."""

    encrypted_content: str | None = None
    status: str | None = None
    id: str | None = None
    role: str
    content: list[ContentItem]
    phase: MessagePhase | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class AgentMessageResponseItem(Tagged, tag="agent_message", rename=None):
    """A message between agents."""

    id: str | None = None
    author: str
    recipient: str
    content: list[AgentMessageInputContent]
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ReasoningResponseItem(Tagged, tag="reasoning", rename=None):
    """What the model thought."""

    id: str | None = None
    summary: list[ReasoningItemReasoningSummary]
    content: list[ReasoningItemContent] | None = None
    encrypted_content: str | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class LocalShellCallResponseItem(Tagged, tag="local_shell_call", rename=None):
    """A call of the provider's own shell tool."""

    encrypted_content: str | None = None
    id: str | None = None
    call_id: str | None = None
    status: LocalShellStatus
    action: LocalShellAction
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class FunctionCallResponseItem(Tagged, tag="function_call", rename=None):
    """A call of a function; arguments are JSON in a string."""

    encrypted_content: str | None = None
    status: str | None = None
    id: str | None = None
    name: str
    namespace: str | None = None
    arguments: str
    encrypted_function_args: list[str] | None = None
    call_id: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ToolSearchCallResponseItem(Tagged, tag="tool_search_call", rename=None):
    """A search for tools."""

    encrypted_content: str | None = None
    id: str | None = None
    call_id: str | None = None
    status: str | None = None
    execution: str
    arguments: JsonValue
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class FunctionCallOutputResponseItem(Tagged, tag="function_call_output", rename=None):
    """What a function gave back."""

    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    output: FunctionCallOutputBody
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CustomToolCallResponseItem(Tagged, tag="custom_tool_call", rename=None):
    """A call of a tool that takes free text."""

    encrypted_content: str | None = None
    id: str | None = None
    status: str | None = None
    call_id: str
    name: str
    namespace: str | None = None
    input: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CustomToolCallOutputResponseItem(Tagged, tag="custom_tool_call_output", rename=None):
    """What such a tool gave back."""

    id: str | None = None
    call_id: str
    name: str | None = None
    output: FunctionCallOutputBody
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ToolSearchOutputResponseItem(Tagged, tag="tool_search_output", rename=None):
    """Tools that were found."""

    id: str | None = None
    call_id: str | None = None
    status: str
    execution: str
    tools: list[JsonValue]
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class WebSearchCallResponseItem(Tagged, tag="web_search_call", rename=None):
    """A web search of the provider."""

    encrypted_content: str | None = None
    id: str | None = None
    status: str | None = None
    action: ResponsesApiWebSearchAction | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ImageGenerationCallResponseItem(Tagged, tag="image_generation_call", rename=None):
    """A picture made by the provider, in base64."""

    encrypted_content: str | None = None
    id: str | None = None
    status: str
    revised_prompt: str | None = None
    result: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CompactionResponseItem(Tagged, tag="compaction", rename=None):
    """A summed-up history that only the provider can read."""

    id: str | None = None
    encrypted_content: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ConfigurationUpdateResponseItem(Tagged, tag="configuration_update"):
    """Settings from here on."""

    reasoning: ConfigurationReasoning


class CompactionTriggerResponseItem(Tagged, tag="compaction_trigger"):
    """Asks the provider to sum the history up."""


class ContextCompactionResponseItem(Tagged, tag="context_compaction", rename=None):
    """A history was summed up here."""

    id: str | None = None
    encrypted_content: str | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class OtherResponseItem(Tagged, tag="other"):
    """An item of a kind that is not known."""


ResponseItemShape: TypeAlias = (
    AdditionalToolsResponseItem
    | MessageResponseItem
    | AgentMessageResponseItem
    | ReasoningResponseItem
    | LocalShellCallResponseItem
    | FunctionCallResponseItem
    | ToolSearchCallResponseItem
    | FunctionCallOutputResponseItem
    | CustomToolCallResponseItem
    | CustomToolCallOutputResponseItem
    | ToolSearchOutputResponseItem
    | WebSearchCallResponseItem
    | ImageGenerationCallResponseItem
    | CompactionResponseItem
    | ConfigurationUpdateResponseItem
    | CompactionTriggerResponseItem
    | ContextCompactionResponseItem
    | OtherResponseItem
)
"""An item as the model API knows it."""
