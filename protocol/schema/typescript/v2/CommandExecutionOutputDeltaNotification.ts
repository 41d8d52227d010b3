// Generated from the message types of codex-trio. Do not edit.

/** More output of a command, both streams together. */
export type CommandExecutionOutputDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
};
