// Generated from the message types of codex-trio. Do not edit.

/** A thread came back from the archive. */
export type ThreadUnarchivedNotification = {
  threadId: string,
};
