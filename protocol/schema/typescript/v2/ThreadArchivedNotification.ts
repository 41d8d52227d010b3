// Generated from the message types of codex-trio. Do not edit.

/** A thread was put aside. */
export type ThreadArchivedNotification = {
  threadId: string,
};
