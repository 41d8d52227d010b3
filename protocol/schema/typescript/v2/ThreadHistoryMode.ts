// Generated from the message types of codex-trio. Do not edit.

/** Whether a thread's history can be read by pages. */
export type ThreadHistoryMode = "legacy" | "paginated";
