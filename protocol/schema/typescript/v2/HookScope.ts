// Generated from the message types of codex-trio. Do not edit.

/** Whether a hook belongs to a thread or a turn. */
export type HookScope = "thread" | "turn";
