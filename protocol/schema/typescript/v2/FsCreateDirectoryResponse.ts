// Generated from the message types of codex-trio. Do not edit.

/** Answer to `fs/createDirectory`: it is done. */
export type FsCreateDirectoryResponse = Record<string, never>;
