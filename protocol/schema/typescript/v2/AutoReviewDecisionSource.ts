// Generated from the message types of codex-trio. Do not edit.

/** Who reached the decision. */
export type AutoReviewDecisionSource = "agent";
