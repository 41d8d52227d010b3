// Generated from the message types of codex-trio. Do not edit.

/** All memories are gone. */
export type MemoryResetResponse = Record<string, never>;
