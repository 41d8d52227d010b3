// Generated from the message types of codex-trio. Do not edit.

/** A thread moved to a project, or to none. */
export type ThreadProjectUpdatedNotification = {
  threadId: string,
  projectId: string | null,
};
