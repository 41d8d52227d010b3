// Generated from the message types of codex-trio. Do not edit.

/** A new section of the reasoning summary begins. */
export type ReasoningSummaryPartAddedNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  summaryIndex: number,
};
