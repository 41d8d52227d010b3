// Generated from the message types of codex-trio. Do not edit.

/** A thread's UUID. */
export type ThreadId = string;
