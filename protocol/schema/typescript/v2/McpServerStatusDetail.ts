// Generated from the message types of codex-trio. Do not edit.

/** Everything, or only tools and logins. */
export type McpServerStatusDetail = "full" | "toolsAndAuthOnly";
