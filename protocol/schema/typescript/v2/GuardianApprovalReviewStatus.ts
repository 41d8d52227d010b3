// Generated from the message types of codex-trio. Do not edit.

/** Where a review stands. */
export type GuardianApprovalReviewStatus = "inProgress" | "approved" | "denied" | "timedOut" | "aborted";
