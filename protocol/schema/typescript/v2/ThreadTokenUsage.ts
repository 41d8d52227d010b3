// Generated from the message types of codex-trio. Do not edit.
import type { TokenUsageBreakdown } from "./TokenUsageBreakdown";

/**
 * Tokens of the whole thread and of the last model response.
 *
 * The window is null when the model's size is unknown.
 */
export type ThreadTokenUsage = {
  total: TokenUsageBreakdown,
  last: TokenUsageBreakdown,
  modelContextWindow: number | null,
};
