// Generated from the message types of codex-trio. Do not edit.

/** How an agent's item shows in a voice conversation. */
export type ThreadRealtimeBemItemPresentation = {
  "type": "wholeItem",
} | {
  "type": "inlineMarkdown",
} | {
  "type": "inlineVisualization",
  index: number,
};
