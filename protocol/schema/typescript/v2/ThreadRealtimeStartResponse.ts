// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/realtime/start`: the session is being set up. */
export type ThreadRealtimeStartResponse = Record<string, never>;
