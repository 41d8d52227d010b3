// Generated from the message types of codex-trio. Do not edit.

/** A voice session failed. */
export type ThreadRealtimeErrorNotification = {
  threadId: string,
  message: string,
};
