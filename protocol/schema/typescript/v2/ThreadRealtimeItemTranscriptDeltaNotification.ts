// Generated from the message types of codex-trio. Do not edit.

/** More words of an item. */
export type ThreadRealtimeItemTranscriptDeltaNotification = {
  threadId: string,
  itemId: string,
  delta: string,
};
