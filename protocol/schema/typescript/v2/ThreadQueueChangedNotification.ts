// Generated from the message types of codex-trio. Do not edit.

/** The queue of a thread has changed. */
export type ThreadQueueChangedNotification = {
  threadId: string,
};
