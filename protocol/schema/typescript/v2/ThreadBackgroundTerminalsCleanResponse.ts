// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/backgroundTerminals/clean`: it is done. */
export type ThreadBackgroundTerminalsCleanResponse = Record<string, never>;
