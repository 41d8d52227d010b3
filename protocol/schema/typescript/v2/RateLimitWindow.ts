// Generated from the message types of codex-trio. Do not edit.

/** Use within a stretch of time. Minutes; the reset is in Unix seconds; null when not told. */
export type RateLimitWindow = {
  usedPercent: number,
  windowDurationMins: number | null,
  resetsAt: number | null,
};
