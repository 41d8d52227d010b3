// Generated from the message types of codex-trio. Do not edit.

/** Whether reports may be sent. */
export type FeedbackRequirements = {
  enabled: boolean | null,
};
