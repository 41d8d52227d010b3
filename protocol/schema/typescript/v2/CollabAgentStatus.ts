// Generated from the message types of codex-trio. Do not edit.

/** Where a sub-agent stands. */
export type CollabAgentStatus = "pendingInit" | "running" | "interrupted" | "completed" | "errored" | "shutdown" | "notFound";
