// Generated from the message types of codex-trio. Do not edit.

/** Answer to `threadSection/delete`: it is done. */
export type ThreadSectionDeleteResponse = Record<string, never>;
