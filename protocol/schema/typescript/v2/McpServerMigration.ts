// Generated from the message types of codex-trio. Do not edit.

/** An MCP server to take over. */
export type McpServerMigration = {
  name: string,
};
