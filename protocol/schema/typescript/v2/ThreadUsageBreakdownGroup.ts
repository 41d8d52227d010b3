// Generated from the message types of codex-trio. Do not edit.

/** Use by model, effort and speed. Millionths of a credit. */
export type ThreadUsageBreakdownGroup = {
  model: string | null,
  reasoningEffort: string | null,
  speed: string | null,
  estimatedUsageCreditsMicros: number,
  netNewInputTokens: number | null,
  cachedInputTokens: number | null,
  inputTokens: number | null,
  outputTokens: number | null,
  totalTokens: number | null,
};
