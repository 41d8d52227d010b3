// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/compact/start`: the compaction is under way. */
export type ThreadCompactStartResponse = Record<string, never>;
