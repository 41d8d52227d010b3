// Generated from the message types of codex-trio. Do not edit.
import type { GuardianApprovalReview } from "./GuardianApprovalReview";
import type { GuardianApprovalReviewAction } from "./GuardianApprovalReviewAction";

/** A review begins. The time is Unix milliseconds. */
export type ItemGuardianApprovalReviewStartedNotification = {
  threadId: string,
  turnId: string,
  startedAtMs: number,
  reviewId: string,
  /** The item under review; null when none exists. */
  targetItemId: string | null,
  review: GuardianApprovalReview,
  action: GuardianApprovalReviewAction,
};
