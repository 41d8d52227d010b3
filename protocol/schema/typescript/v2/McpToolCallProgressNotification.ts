// Generated from the message types of codex-trio. Do not edit.

/** An MCP server reports progress. */
export type McpToolCallProgressNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  message: string,
};
