// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/realtime/appendText`: it is done. */
export type ThreadRealtimeAppendTextResponse = Record<string, never>;
