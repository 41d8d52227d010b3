// Generated from the message types of codex-trio. Do not edit.

/** A thread is gone. */
export type ThreadDeletedNotification = {
  threadId: string,
};
