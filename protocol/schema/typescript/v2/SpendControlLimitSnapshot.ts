// Generated from the message types of codex-trio. Do not edit.

/** A limit on spending, in decimal numbers. The reset is in Unix seconds. */
export type SpendControlLimitSnapshot = {
  limit: string,
  used: string,
  remainingPercent: number,
  resetsAt: number,
};
