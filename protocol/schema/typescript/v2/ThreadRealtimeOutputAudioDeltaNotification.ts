// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeAudioChunk } from "./ThreadRealtimeAudioChunk";

/** More sound from the voice model. */
export type ThreadRealtimeOutputAudioDeltaNotification = {
  threadId: string,
  audio: ThreadRealtimeAudioChunk,
};
