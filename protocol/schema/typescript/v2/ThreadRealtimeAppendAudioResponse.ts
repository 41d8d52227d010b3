// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/realtime/appendAudio`: it is done. */
export type ThreadRealtimeAppendAudioResponse = Record<string, never>;
