// Generated from the message types of codex-trio. Do not edit.

/** More text of a section of the reasoning summary. */
export type ReasoningSummaryTextDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
  summaryIndex: number,
};
