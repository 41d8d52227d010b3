// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { McpResourceReadTarget } from "./McpResourceReadTarget";

/**
 * Read a resource of an MCP server. Null parts leave the choice to the server.
 *
 * Errors: -32600 for an unknown thread, server or resource.
 */
export type McpResourceReadParams = {
  _meta?: { [key in string]?: JsonValue } | null,
  threadId?: string | null,
  originCallId?: string | null,
  server: string,
  /** Take the server of this environment; null takes it by name alone. */
  environmentId?: string | null,
  uri: string,
  connectorId?: string | null,
  target?: McpResourceReadTarget | null,
};
