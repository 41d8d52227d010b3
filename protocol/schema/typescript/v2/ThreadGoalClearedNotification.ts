// Generated from the message types of codex-trio. Do not edit.

/** A thread has no goal any more. */
export type ThreadGoalClearedNotification = {
  threadId: string,
};
