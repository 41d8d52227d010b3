// Generated from the message types of codex-trio. Do not edit.

/** Whether what was written is in force. */
export type WriteStatus = "ok" | "okOverridden";
