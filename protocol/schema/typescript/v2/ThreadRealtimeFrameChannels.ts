// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeVoiceTranscript } from "./ThreadRealtimeVoiceTranscript";

/** What a frame holds, by channel. */
export type ThreadRealtimeFrameChannels = {
  voice_transcript: ThreadRealtimeVoiceTranscript,
};
