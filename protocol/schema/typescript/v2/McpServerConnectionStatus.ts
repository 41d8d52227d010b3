// Generated from the message types of codex-trio. Do not edit.

/** How the connection to a server stands. */
export type McpServerConnectionStatus = "notStarted" | "starting" | "connected" | "authenticationRequired" | "failed" | "cancelled" | "disabled";
