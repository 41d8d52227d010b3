// Generated from the message types of codex-trio. Do not edit.

/** More raw reasoning text. */
export type ReasoningTextDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
  contentIndex: number,
};
