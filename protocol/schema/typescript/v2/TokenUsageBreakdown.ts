// Generated from the message types of codex-trio. Do not edit.

/** Tokens spent. Cached and cache-writing ones are part of the input, reasoning is part of the output. */
export type TokenUsageBreakdown = {
  totalTokens: number,
  inputTokens: number,
  cachedInputTokens: number,
  cacheWriteInputTokens: number,
  outputTokens: number,
  reasoningOutputTokens: number,
};
