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
  /** Take the server of this environment; null takes it by name alone. */
  environmentId?: string | null,
  tool: string,
  arguments?: JsonValue,
  _meta?: JsonValue,
};
