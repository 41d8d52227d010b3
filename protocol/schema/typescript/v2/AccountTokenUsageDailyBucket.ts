// Generated from the message types of codex-trio. Do not edit.

/** Tokens of a day, written YYYY-MM-DD. */
export type AccountTokenUsageDailyBucket = {
  startDate: string,
  tokens: number,
};
