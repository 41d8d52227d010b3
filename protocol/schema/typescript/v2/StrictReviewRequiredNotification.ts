// Generated from the message types of codex-trio. Do not edit.

/** From now on every action of the turn is reviewed. The time is Unix milliseconds. */
export type StrictReviewRequiredNotification = {
  threadId: string,
  turnId: string,
  startedAtMs: number,
};
