// Generated from the message types of codex-trio. Do not edit.
import type { ResponseUsageMetadata } from "./ResponseUsageMetadata";
import type { TokenUsageBreakdown } from "./TokenUsageBreakdown";

/** Usage of one model response, for hosts that asked for raw events. */
export type RawResponseCompletedNotification = {
  threadId: string,
  turnId: string,
  responseId: string,
  usage: TokenUsageBreakdown | null,
  usageMetadata: ResponseUsageMetadata | null,
};
