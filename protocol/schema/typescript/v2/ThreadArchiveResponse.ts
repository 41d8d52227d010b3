// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/archive`: it is done. */
export type ThreadArchiveResponse = Record<string, never>;
