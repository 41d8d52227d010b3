// Generated from the message types of codex-trio. Do not edit.
import type { ConversationSummary } from "./ConversationSummary";

/** The conversation that was asked for. */
export type GetConversationSummaryResponse = {
  summary: ConversationSummary,
};
