// Generated from the message types of codex-trio. Do not edit.

/** The search was told to stop; it may still end by itself. */
export type ThreadSearchCancelResponse = Record<string, never>;
