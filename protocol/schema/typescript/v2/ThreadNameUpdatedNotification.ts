// Generated from the message types of codex-trio. Do not edit.

/** A thread has another name; left out when it has none. */
export type ThreadNameUpdatedNotification = {
  threadId: string,
  threadName?: string | null,
};
