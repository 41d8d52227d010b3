// Generated from the message types of codex-trio. Do not edit.

/** The review has a warning for the user. */
export type GuardianWarningNotification = {
  threadId: string,
  message: string,
};
