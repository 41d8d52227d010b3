// Generated from the message types of codex-trio. Do not edit.

/** Whether words began a turn or went into the one that ran. */
export type ThreadRealtimeHandoffMode = "start" | "steer";
