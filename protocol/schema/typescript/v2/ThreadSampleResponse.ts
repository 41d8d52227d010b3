// Generated from the message types of codex-trio. Do not edit.

/** What the model said; null when it called a tool or said nothing. Token counts are null when not reported. */
export type ThreadSampleResponse = {
  sourceTurnId: string,
  responseId: string,
  text: string | null,
  inputTokens: number | null,
  cachedInputTokens: number | null,
  outputTokens: number | null,
};
