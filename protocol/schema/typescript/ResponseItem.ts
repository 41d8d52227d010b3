// Generated from the message types of codex-trio. Do not edit.
import type { AgentMessageInputContent } from "./AgentMessageInputContent";
import type { ConfigurationReasoning } from "./ConfigurationReasoning";
import type { ContentItem } from "./ContentItem";
import type { FunctionCallOutputBody } from "./FunctionCallOutputBody";
import type { InternalChatMessageMetadataPassthrough } from "./InternalChatMessageMetadataPassthrough";
import type { LocalShellAction } from "./LocalShellAction";
import type { LocalShellStatus } from "./LocalShellStatus";
import type { MessagePhase } from "./MessagePhase";
import type { ReasoningItemContent } from "./ReasoningItemContent";
import type { ReasoningItemReasoningSummary } from "./ReasoningItemReasoningSummary";
import type { WebSearchAction } from "./WebSearchAction";
import type { JsonValue } from "./serde_json/JsonValue";

/** An item as the model API knows it. */
export type ResponseItem = {
  "type": "additional_tools",
  id?: string | null,
  role: string,
  tools: Array<JsonValue>,
} | {
  "type": "message",
  encrypted_content?: string | null,
  status?: string | null,
  id?: string | null,
  role: string,
  content: Array<ContentItem>,
  phase?: MessagePhase | null,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "agent_message",
  id?: string | null,
  author: string,
  recipient: string,
  content: Array<AgentMessageInputContent>,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "reasoning",
  id?: string | null,
  summary: Array<ReasoningItemReasoningSummary>,
  content?: Array<ReasoningItemContent> | null,
  encrypted_content?: string | null,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "local_shell_call",
  encrypted_content?: string | null,
  id?: string | null,
  call_id?: string | null,
  status: LocalShellStatus,
  action: LocalShellAction,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "function_call",
  encrypted_content?: string | null,
  status?: string | null,
  id?: string | null,
  name: string,
  namespace?: string | null,
  arguments: string,
  encrypted_function_args?: Array<string> | null,
  call_id: string,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "tool_search_call",
  encrypted_content?: string | null,
  id?: string | null,
  call_id?: string | null,
  status?: string | null,
  execution: string,
  arguments: JsonValue,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "function_call_output",
  id?: string | null,
  call_id?: string | null,
  name?: string | null,
  namespace?: string | null,
  output: FunctionCallOutputBody,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "custom_tool_call",
  encrypted_content?: string | null,
  id?: string | null,
  status?: string | null,
  call_id: string,
  name: string,
  namespace?: string | null,
  input: string,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "custom_tool_call_output",
  id?: string | null,
  call_id: string,
  name?: string | null,
  output: FunctionCallOutputBody,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "tool_search_output",
  id?: string | null,
  call_id?: string | null,
  status: string,
  execution: string,
  tools: Array<JsonValue>,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "web_search_call",
  encrypted_content?: string | null,
  id?: string | null,
  status?: string | null,
  action?: WebSearchAction | null,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "image_generation_call",
  encrypted_content?: string | null,
  id?: string | null,
  status: string,
  revised_prompt?: string | null,
  result: string,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "compaction",
  id?: string | null,
  encrypted_content: string,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "configuration_update",
  reasoning: ConfigurationReasoning,
} | {
  "type": "compaction_trigger",
} | {
  "type": "context_compaction",
  id?: string | null,
  encrypted_content?: string | null,
  internal_chat_message_metadata_passthrough?: InternalChatMessageMetadataPassthrough | null,
} | {
  "type": "other",
};
