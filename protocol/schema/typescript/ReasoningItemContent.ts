// Generated from the message types of codex-trio. Do not edit.

/** Part of raw reasoning. */
export type ReasoningItemContent = {
  "type": "reasoning_text",
  text: string,
} | {
  "type": "text",
  text: string,
};
