// Generated from the message types of codex-trio. Do not edit.

/** More words of what is being said. */
export type ThreadRealtimeTranscriptDeltaNotification = {
  threadId: string,
  role: string,
  delta: string,
};
