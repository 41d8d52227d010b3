// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/realtime/stop`: it is done. */
export type ThreadRealtimeStopResponse = Record<string, never>;
