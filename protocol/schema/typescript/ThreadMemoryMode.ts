// Generated from the message types of codex-trio. Do not edit.

/** Whether memories may be made of a thread. */
export type ThreadMemoryMode = "enabled" | "disabled";
