// Generated from the message types of codex-trio. Do not edit.
import type { McpServerStatusDetail } from "./McpServerStatusDetail";

/**
 * List MCP servers. Null detail is `full`; a thread's own servers when one is named.
 *
 * Errors: -32600 for an unreadable cursor or unknown thread.
 */
export type ListMcpServerStatusParams = {
  cursor?: string | null,
  limit?: number | null,
  detail?: McpServerStatusDetail | null,
  threadId?: string | null,
  serverName?: string | null,
  /** Only what this environment brings along; needs a server and a thread. */
  environmentId?: string | null,
};
