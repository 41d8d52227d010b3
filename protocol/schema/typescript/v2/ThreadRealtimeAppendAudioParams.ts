// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeAudioChunk } from "./ThreadRealtimeAudioChunk";

/**
 * Say something with sound.
 *
 * Errors: -32600 when no session runs.
 */
export type ThreadRealtimeAppendAudioParams = {
  threadId: string,
  audio: ThreadRealtimeAudioChunk,
};
