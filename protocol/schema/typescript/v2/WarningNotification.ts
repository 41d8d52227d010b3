// Generated from the message types of codex-trio. Do not edit.

/** Something that the user should know; null when it concerns no thread. */
export type WarningNotification = {
  threadId: string | null,
  message: string,
};
