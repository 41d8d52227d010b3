// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** What the tool gave back, as it came. */
export type McpServerToolCallResponse = {
  content: Array<JsonValue>,
  structuredContent?: JsonValue,
  isError?: boolean | null,
  _meta?: JsonValue,
};
