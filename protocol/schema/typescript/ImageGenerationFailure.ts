// Generated from the message types of codex-trio. Do not edit.

/** Why no picture came. */
export type ImageGenerationFailure = {
  "type": "usageLimitExceeded",
  limitId: string,
  resetsAt: number | null,
};
