// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/**
 * Have events of an MCP server passed on to this connection.
 *
 * Errors: -32600 for an unknown thread or server, and for an id in use.
 */
export type McpServerEventStreamStartParams = {
  threadId: string,
  server: string,
  subscriptionId: string,
  name: string,
  arguments: JsonValue,
  _meta?: JsonValue,
};
