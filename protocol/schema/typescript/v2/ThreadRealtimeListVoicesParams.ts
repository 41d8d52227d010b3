// Generated from the message types of codex-trio. Do not edit.

/** Ask which voices there are. */
export type ThreadRealtimeListVoicesParams = Record<string, never>;
