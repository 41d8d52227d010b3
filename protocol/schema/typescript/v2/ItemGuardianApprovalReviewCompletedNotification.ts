// Generated from the message types of codex-trio. Do not edit.
import type { AutoReviewDecisionSource } from "./AutoReviewDecisionSource";
import type { GuardianApprovalReview } from "./GuardianApprovalReview";
import type { GuardianApprovalReviewAction } from "./GuardianApprovalReviewAction";

/** A review has reached its decision. Times are Unix milliseconds. */
export type ItemGuardianApprovalReviewCompletedNotification = {
  threadId: string,
  turnId: string,
  startedAtMs: number,
  completedAtMs: number,
  reviewId: string,
  /** The item under review; null when none exists. */
  targetItemId: string | null,
  decisionSource: AutoReviewDecisionSource,
  review: GuardianApprovalReview,
  action: GuardianApprovalReviewAction,
};
