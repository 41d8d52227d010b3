// Generated from the message types of codex-trio. Do not edit.

/** A voice session is over. */
export type ThreadRealtimeClosedNotification = {
  threadId: string,
  reason: string | null,
};
