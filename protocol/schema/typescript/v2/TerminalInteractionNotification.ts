// Generated from the message types of codex-trio. Do not edit.

/** The model typed into a running command. */
export type TerminalInteractionNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  processId: string,
  stdin: string,
};
