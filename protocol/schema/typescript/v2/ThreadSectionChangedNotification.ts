// Generated from the message types of codex-trio. Do not edit.

/** A thread is in another section now, or in none. */
export type ThreadSectionChangedNotification = {
  threadId: string,
  sectionId: string | null,
};
