// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** An event as the MCP server sent it. */
export type McpServerEventNotification = {
  method: string,
  params: JsonValue,
};
