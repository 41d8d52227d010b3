// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fs/unwatch`: it is done. */
export type FsUnwatchResponse = Record<string, never>;
