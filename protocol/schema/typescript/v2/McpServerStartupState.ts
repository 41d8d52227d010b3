// Generated from the message types of codex-trio. Do not edit.

/** How a server's start stands. */
export type McpServerStartupState = "starting" | "ready" | "failed" | "cancelled";
