// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/name/set`: it is done. */
export type ThreadSetNameResponse = Record<string, never>;
