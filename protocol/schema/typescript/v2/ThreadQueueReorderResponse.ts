// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/queue/reorder`: it is done. */
export type ThreadQueueReorderResponse = Record<string, never>;
