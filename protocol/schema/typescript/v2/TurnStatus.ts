// Generated from the message types of codex-trio. Do not edit.

/** Where a turn stands. */
export type TurnStatus = "completed" | "interrupted" | "failed" | "inProgress";
