// Generated from the message types of codex-trio. Do not edit.

/** Answer to `config/mcpServer/reload`: it is done. */
export type McpServerRefreshResponse = Record<string, never>;
