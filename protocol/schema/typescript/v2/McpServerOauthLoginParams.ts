// Generated from the message types of codex-trio. Do not edit.
import type { McpServerOauthClientRegistration } from "./McpServerOauthClientRegistration";

/**
 * Log in to an MCP server. Null leaves the choice to the server; the time limit is in seconds.
 *
 * Errors: -32600 for an unknown server and one without such a login.
 */
export type McpServerOauthLoginParams = {
  name: string,
  /** Take the server of this environment; null takes it by name alone. */
  environmentId?: string | null,
  threadId?: string | null,
  clientRegistration?: McpServerOauthClientRegistration | null,
  scopes?: Array<string> | null,
  timeoutSecs?: number | null,
};
