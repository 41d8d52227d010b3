// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeTranscriptRole } from "./ThreadRealtimeTranscriptRole";

/** Words that were spoken. */
export type ThreadRealtimeVoiceTranscript = {
  role: ThreadRealtimeTranscriptRole,
  text: string,
};
