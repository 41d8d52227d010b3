// Generated from the message types of codex-trio. Do not edit.

/** Whether statistics are sent; null is the default. */
export type AnalyticsConfig = {
  enabled?: boolean | null,
};
