// Generated from the message types of codex-trio. Do not edit.

/** A thread lost its last turns; what was shown of them is to be read again. */
export type ThreadRevertedNotification = {
  threadId: string,
};
