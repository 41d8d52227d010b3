// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fs/remove`: it is done. */
export type FsRemoveResponse = Record<string, never>;
