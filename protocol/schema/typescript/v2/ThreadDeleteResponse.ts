// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/delete`: it is done. */
export type ThreadDeleteResponse = Record<string, never>;
