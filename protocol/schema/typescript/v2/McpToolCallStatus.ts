// Generated from the message types of codex-trio. Do not edit.

/** Where the call stands. */
export type McpToolCallStatus = "inProgress" | "completed" | "failed";
