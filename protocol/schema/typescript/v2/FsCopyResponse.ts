// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fs/copy`: it is done. */
export type FsCopyResponse = Record<string, never>;
