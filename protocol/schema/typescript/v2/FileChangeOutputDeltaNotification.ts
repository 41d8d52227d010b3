// Generated from the message types of codex-trio. Do not edit.

/** More output of a patch. No longer sent. */
export type FileChangeOutputDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
};
