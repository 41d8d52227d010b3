// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/**
 * Call a tool of an MCP server, as a client and not as the model.
 *
 * Errors: -32600 for an unknown thread, server or tool; -32603 when the call fails.
 */
export type McpServerToolCallParams = {
  threadId: string,
  server: string,
  tool: string,
  arguments?: JsonValue,
  _meta?: JsonValue,
};
