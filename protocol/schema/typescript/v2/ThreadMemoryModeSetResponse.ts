// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/memoryMode/set`: it is done. */
export type ThreadMemoryModeSetResponse = Record<string, never>;
