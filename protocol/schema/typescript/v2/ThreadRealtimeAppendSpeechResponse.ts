// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/realtime/appendSpeech`: it is done. */
export type ThreadRealtimeAppendSpeechResponse = Record<string, never>;
