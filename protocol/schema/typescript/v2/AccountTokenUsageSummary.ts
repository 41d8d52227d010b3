// Generated from the message types of codex-trio. Do not edit.

/** Figures over the account's life; null when not told. */
export type AccountTokenUsageSummary = {
  lifetimeTokens: number | null,
  peakDailyTokens: number | null,
  /** In seconds. */
  longestRunningTurnSec: number | null,
  currentStreakDays: number | null,
  longestStreakDays: number | null,
};
