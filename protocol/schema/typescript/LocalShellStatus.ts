// Generated from the message types of codex-trio. Do not edit.

/** How a local shell call stands. */
export type LocalShellStatus = "completed" | "in_progress" | "incomplete";
