// Generated from the message types of codex-trio. Do not edit.

/** Part of a reasoning summary. */
export type ReasoningItemReasoningSummary = {
  "type": "summary_text",
  text: string,
};
