// Generated from the message types of codex-trio. Do not edit.

/** Room for data of particular servers. */
export type ThreadExtra = Record<string, never>;
