// Generated from the message types of codex-trio. Do not edit.

/** How a run stands. */
export type HookRunStatus = "running" | "completed" | "failed" | "blocked" | "stopped";
