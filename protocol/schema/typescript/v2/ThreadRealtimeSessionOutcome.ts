// Generated from the message types of codex-trio. Do not edit.

/** How a session ended. */
export type ThreadRealtimeSessionOutcome = "ended" | "failed";
