// Generated from the message types of codex-trio. Do not edit.

/** A thread was unloaded; it is still on disk. */
export type ThreadClosedNotification = {
  threadId: string,
};
