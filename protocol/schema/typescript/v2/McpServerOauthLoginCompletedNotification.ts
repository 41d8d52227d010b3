// Generated from the message types of codex-trio. Do not edit.

/** A login to an MCP server is over. The error is left out when it succeeded. */
export type McpServerOauthLoginCompletedNotification = {
  name: string,
  threadId: string | null,
  loginId: string | null,
  success: boolean,
  error?: string | null,
};
