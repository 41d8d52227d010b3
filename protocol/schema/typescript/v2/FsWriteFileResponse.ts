// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fs/writeFile`: it is done. */
export type FsWriteFileResponse = Record<string, never>;
