// Generated from the message types of codex-trio. Do not edit.

/** What is required of automatic review. */
export type AutoReviewRequirements = {
  requiredOnModels: Array<string> | null,
  ignoreRules: Array<string> | null,
};
