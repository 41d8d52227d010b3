// Generated from the message types of codex-trio. Do not edit.

/** More text of a proposed plan. */
export type PlanDeltaNotification = {
  threadId: string,
  turnId: string,
  itemId: string,
  delta: string,
};
