// Generated from the message types of codex-trio. Do not edit.

/** Whether the session just began, or was cleared. */
export type ThreadStartSource = "startup" | "clear";
