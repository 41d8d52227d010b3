// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** What the MCP server gave back, passed through as it came. */
export type McpToolCallResult = {
  content: Array<JsonValue>,
  structuredContent: JsonValue,
  _meta: JsonValue,
};
