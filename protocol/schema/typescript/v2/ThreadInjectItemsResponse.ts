// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/inject_items`: it is done. */
export type ThreadInjectItemsResponse = Record<string, never>;
