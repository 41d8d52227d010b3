// Generated from the message types of codex-trio. Do not edit.

/** Answer to `process/writeStdin`: it is done. */
export type ProcessWriteStdinResponse = Record<string, never>;
