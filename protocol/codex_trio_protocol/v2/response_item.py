"""TODO module response_item"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import FirstOf, JsonValue, Params, Tagged, UInt64
from codex_trio_protocol.v2.common import MessagePhase, ReasoningEffort
from codex_trio_protocol.v2.user_input import FunctionCallOutputBody, ImageDetail


class InputTextAgentMessageInputContent(Tagged, tag="input_text"):
    """TODO InputTextAgentMessageInputContent"""

    text: str


class EncryptedContentAgentMessageInputContent(Tagged, tag="encrypted_content", rename=None):
    """TODO EncryptedContentAgentMessageInputContent"""

    encrypted_content: str


AgentMessageInputContent: TypeAlias = InputTextAgentMessageInputContent | EncryptedContentAgentMessageInputContent
"""TODO AgentMessageInputContent"""


class ConfigurationReasoning(Params):
    """TODO ConfigurationReasoning"""

    effort: ReasoningEffort


class InputTextContentItem(Tagged, tag="input_text"):
    """TODO InputTextContentItem"""

    text: str


class InputImageContentItem(FirstOf, tag_field="type", tag="input_image", rename=None):
    """TODO InputImageContentItem"""

    one_of: ClassVar[tuple[str, ...]] = ("image_url", "file_id")

    detail: ImageDetail | None = None
    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class InputAudioContentItem(FirstOf, tag_field="type", tag="input_audio", rename=None):
    """TODO InputAudioContentItem"""

    one_of: ClassVar[tuple[str, ...]] = ("audio_url", "file_id")

    audio_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class OutputTextContentItem(Tagged, tag="output_text"):
    """TODO OutputTextContentItem"""

    text: str
    annotations: list[JsonValue] | None = None
    logprobs: list[JsonValue] | None = None


ContentItem: TypeAlias = InputTextContentItem | InputImageContentItem | InputAudioContentItem | OutputTextContentItem
"""TODO ContentItem"""


class InternalChatMessageMetadataPassthrough(Params, rename=None):
    """TODO InternalChatMessageMetadataPassthrough"""

    turn_id: str | None = None


class ExecLocalShellAction(Tagged, tag="exec", rename=None):
    """TODO ExecLocalShellAction"""

    command: list[str]
    timeout_ms: UInt64 | None = None
    working_directory: str | None = None
    env: dict[str, str] | None = None
    user: str | None = None


LocalShellAction: TypeAlias = ExecLocalShellAction
"""TODO LocalShellAction"""


LocalShellStatus: TypeAlias = Literal["completed", "in_progress", "incomplete"]
"""TODO LocalShellStatus"""


class ReasoningTextReasoningItemContent(Tagged, tag="reasoning_text"):
    """TODO ReasoningTextReasoningItemContent"""

    text: str


class TextReasoningItemContent(Tagged, tag="text"):
    """TODO TextReasoningItemContent"""

    text: str


ReasoningItemContent: TypeAlias = ReasoningTextReasoningItemContent | TextReasoningItemContent
"""TODO ReasoningItemContent"""


class SummaryTextReasoningItemReasoningSummary(Tagged, tag="summary_text"):
    """TODO SummaryTextReasoningItemReasoningSummary"""

    text: str


ReasoningItemReasoningSummary: TypeAlias = SummaryTextReasoningItemReasoningSummary
"""TODO ReasoningItemReasoningSummary"""


class SearchResponsesApiWebSearchAction(Tagged, tag="search"):
    """TODO SearchResponsesApiWebSearchAction"""

    queries: list[str] | None = None
    query: str | None = None


class OpenPageResponsesApiWebSearchAction(Tagged, tag="open_page"):
    """TODO OpenPageResponsesApiWebSearchAction"""

    url: str | None = None


class FindInPageResponsesApiWebSearchAction(Tagged, tag="find_in_page"):
    """TODO FindInPageResponsesApiWebSearchAction"""

    pattern: str | None = None
    url: str | None = None


class OtherResponsesApiWebSearchAction(Tagged, tag="other"):
    """TODO OtherResponsesApiWebSearchAction"""


ResponsesApiWebSearchAction: TypeAlias = (
    SearchResponsesApiWebSearchAction
    | OpenPageResponsesApiWebSearchAction
    | FindInPageResponsesApiWebSearchAction
    | OtherResponsesApiWebSearchAction
)
"""TODO ResponsesApiWebSearchAction"""


class AdditionalToolsResponseItem(Tagged, tag="additional_tools"):
    """TODO AdditionalToolsResponseItem"""

    id: str | None = None
    role: str
    tools: list[JsonValue]


class MessageResponseItem(Tagged, tag="message", rename=None):
    """TODO MessageResponseItem"""

    encrypted_content: str | None = None
    status: str | None = None
    id: str | None = None
    role: str
    content: list[ContentItem]
    phase: MessagePhase | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class AgentMessageResponseItem(Tagged, tag="agent_message", rename=None):
    """TODO AgentMessageResponseItem"""

    id: str | None = None
    author: str
    recipient: str
    content: list[AgentMessageInputContent]
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ReasoningResponseItem(Tagged, tag="reasoning", rename=None):
    """TODO ReasoningResponseItem"""

    id: str | None = None
    summary: list[ReasoningItemReasoningSummary]
    content: list[ReasoningItemContent] | None = None
    encrypted_content: str | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class LocalShellCallResponseItem(Tagged, tag="local_shell_call", rename=None):
    """TODO LocalShellCallResponseItem"""

    encrypted_content: str | None = None
    id: str | None = None
    call_id: str | None = None
    status: LocalShellStatus
    action: LocalShellAction
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class FunctionCallResponseItem(Tagged, tag="function_call", rename=None):
    """TODO FunctionCallResponseItem"""

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
    """TODO ToolSearchCallResponseItem"""

    encrypted_content: str | None = None
    id: str | None = None
    call_id: str | None = None
    status: str | None = None
    execution: str
    arguments: JsonValue
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class FunctionCallOutputResponseItem(Tagged, tag="function_call_output", rename=None):
    """TODO FunctionCallOutputResponseItem"""

    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    output: FunctionCallOutputBody
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CustomToolCallResponseItem(Tagged, tag="custom_tool_call", rename=None):
    """TODO CustomToolCallResponseItem"""

    encrypted_content: str | None = None
    id: str | None = None
    status: str | None = None
    call_id: str
    name: str
    namespace: str | None = None
    input: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CustomToolCallOutputResponseItem(Tagged, tag="custom_tool_call_output", rename=None):
    """TODO CustomToolCallOutputResponseItem"""

    id: str | None = None
    call_id: str
    name: str | None = None
    output: FunctionCallOutputBody
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ToolSearchOutputResponseItem(Tagged, tag="tool_search_output", rename=None):
    """TODO ToolSearchOutputResponseItem"""

    id: str | None = None
    call_id: str | None = None
    status: str
    execution: str
    tools: list[JsonValue]
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class WebSearchCallResponseItem(Tagged, tag="web_search_call", rename=None):
    """TODO WebSearchCallResponseItem"""

    encrypted_content: str | None = None
    id: str | None = None
    status: str | None = None
    action: ResponsesApiWebSearchAction | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ImageGenerationCallResponseItem(Tagged, tag="image_generation_call", rename=None):
    """TODO ImageGenerationCallResponseItem"""

    encrypted_content: str | None = None
    id: str | None = None
    status: str
    revised_prompt: str | None = None
    result: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class CompactionResponseItem(Tagged, tag="compaction", rename=None):
    """TODO CompactionResponseItem"""

    id: str | None = None
    encrypted_content: str
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class ConfigurationUpdateResponseItem(Tagged, tag="configuration_update"):
    """TODO ConfigurationUpdateResponseItem"""

    reasoning: ConfigurationReasoning


class CompactionTriggerResponseItem(Tagged, tag="compaction_trigger"):
    """TODO CompactionTriggerResponseItem"""


class ContextCompactionResponseItem(Tagged, tag="context_compaction", rename=None):
    """TODO ContextCompactionResponseItem"""

    id: str | None = None
    encrypted_content: str | None = None
    internal_chat_message_metadata_passthrough: InternalChatMessageMetadataPassthrough | None = None


class OtherResponseItem(Tagged, tag="other"):
    """TODO OtherResponseItem"""


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
"""TODO ResponseItemShape"""
