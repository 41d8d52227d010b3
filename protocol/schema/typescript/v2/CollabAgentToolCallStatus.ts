// Generated from the message types of codex-trio. Do not edit.

/** Where the call stands. */
export type CollabAgentToolCallStatus = "inProgress" | "completed" | "failed" | "interrupted";
