// Generated from the message types of codex-trio. Do not edit.

/** All words of what was said. */
export type ThreadRealtimeTranscriptDoneNotification = {
  threadId: string,
  role: string,
  text: string,
};
